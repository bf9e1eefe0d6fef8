"""Kafka clients: a login check, and a consumer that continues after undecodable record batches.

Start with login_check.py and resilient_consumer.py.
Imports contract.
"""
