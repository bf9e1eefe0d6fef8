"""Accept that a source topic was recreated or cut.

Start with source_reset.py.
Imports runtime, edge and contract.
"""
