"""Delivers single events: login, outbox, producer and heartbeats.

Start with delivery.py; login.py connects to Kafka.
Imports streams.edge and streams.contract.
"""
