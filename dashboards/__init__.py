"""What people look at: the board, Grafana dashboards, alert rules."""
