"""Publish refused records again.

Start with replay.py.
Imports runtime, edge and contract.
"""
