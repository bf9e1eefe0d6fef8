"""Recording rules and alerts as source; `python -m dashboards.rules` writes what Prometheus loads."""
