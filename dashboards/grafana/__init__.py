"""Grafana dashboards, generated from the metric catalogue.

Start with overview.py.
Imports streams.contract.
"""
