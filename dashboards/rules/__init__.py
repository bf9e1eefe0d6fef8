"""Prometheus rules, alerts and the runbook; all are generated from one table of alerts.

Start with alerts/all_alerts.py.
Imports streams.contract.
"""
