"""Grafana dashboards as source; `python -m dashboards.grafana` writes the JSON that Grafana loads."""
