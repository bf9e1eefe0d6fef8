"""Commits: rows, outputs and checkpoint in one transaction.

Start with journal.py and transactions.py.
Imports kafka, edge and contract.
"""
