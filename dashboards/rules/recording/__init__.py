"""Recording rules of Prometheus.

Start with rules.py.
Imports alert.py and streams.contract.
"""
