"""Pure rules: no clock, no input, no output.

Start with ledger/ledger.py; docs/definitions.md is the definition.
Imports the standard library only.
"""
