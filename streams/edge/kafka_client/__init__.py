"""Kafka clients: a login check, and a consumer that continues after undecodable record batches.

Start with login.py and resilient_consumer.py.
Imports contract.
"""
