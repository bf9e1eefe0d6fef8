"""The library that publishes events to Kafka.

Start with publisher.py.
Imports streams.edge and streams.contract.
"""
