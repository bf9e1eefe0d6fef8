"""Commands that read files without a broker: measure, clocks, explain.

Start with commands.py and load.py.
Imports edge, contract and domain.
"""
