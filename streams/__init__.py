"""The worker and everything that it shares with producers and dashboards.

Start with domain/ledger/ledger.py, then runtime/worker.py.
Imports nothing from producers or dashboards.
"""
