"""Check that all topics exist and have the required settings, before and while a worker runs.

Start with preflight.py.
Imports kafka, edge and contract.
"""
