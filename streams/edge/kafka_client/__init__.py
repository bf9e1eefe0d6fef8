"""Kafka clients: login, and a consumer that survives undecodable record batches.

Start with login.py and resilient_consumer.py.
Imports contract.
"""
