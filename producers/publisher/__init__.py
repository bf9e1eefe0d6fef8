"""The library with which a platform publishes events to Kafka.

Start with publisher.py.
Imports streams.edge and streams.contract.
"""
