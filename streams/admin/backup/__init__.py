"""Copies of a worker's state: write them to files and restore them.

Start with backup.py and restore_backup.py.
Imports runtime, edge and contract.
"""
