"""Kafka access: the code that uses aiokafka, Faust's transport or kafka-python.

Start with consumer.py and fetch_thread.py.
Imports edge and contract.
"""
