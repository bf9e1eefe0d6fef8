"""The worker: it reads events from Kafka, applies them to ledgers, and commits results in transactions.

Start with worker.py, then partition/partition.py.
Imports edge, contract and domain.
"""
