"""Pure rules: no clock, no input, no output.

Start with ledger.py; docs/ledger.md is the definition.
Imports the standard library only.
"""
