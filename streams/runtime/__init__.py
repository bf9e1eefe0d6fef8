"""The worker: Kafka in, ledgers, transactions out.

Start with worker.py, then partition/partition.py.
Imports edge, contract and domain.
"""
