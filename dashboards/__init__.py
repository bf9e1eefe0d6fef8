"""Everything that people and Prometheus read: the board, alert rules, Grafana dashboards, the demo.

Start with board/board.py and rules/alerts/all_alerts.py.
Imports edge, contract and domain of streams.
"""
