"""Commits: rows, outputs and checkpoint in one transaction.

Start with journal.py.
Imports kafka, edge and contract.
"""
