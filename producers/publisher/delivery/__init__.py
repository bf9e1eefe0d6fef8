"""Delivers single events: outbox, producer and heartbeats.

Start with delivery.py.
Imports streams.edge and streams.contract.
"""
