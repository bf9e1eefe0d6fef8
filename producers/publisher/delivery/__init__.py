"""One event on its way: outbox, producer, heartbeats.

Start with delivery.py.
Imports streams.edge and streams.contract.
"""
