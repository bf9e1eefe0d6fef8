"""Prometheus rules, alerts and the runbook, generated from one table.

Start with alerts/all_alerts.py.
Imports streams.contract.
"""
