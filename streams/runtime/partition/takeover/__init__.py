"""Make a worker the owner of a partition.

Start with takeover.py.
Imports journal, kafka, contract and domain.
"""
