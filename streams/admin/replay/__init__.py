"""Publish refused records once more.

Start with replay.py.
Imports runtime, edge and contract.
"""
