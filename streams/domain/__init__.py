"""The rules of what is counted: pure functions without clock, input or output.

Start with ledger/ledger.py; docs/definitions.md is the definition.
Imports the standard library only.
"""
