"""Whether the topics exist and are set as they must be, before and while a worker runs.

Start with preflight.py.
Imports kafka, edge and contract.
"""
