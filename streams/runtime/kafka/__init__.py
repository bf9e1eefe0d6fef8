"""What touches aiokafka, Faust's transport or kafka-python.

Start with consumer.py and fetch_thread.py.
Imports edge and contract.
"""
