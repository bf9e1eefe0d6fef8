"""One partition from takeover to close.

Start with partition.py.
Imports journal, kafka, topic_checks, edge, contract and domain.
"""
