"""Recording rules.

Start with rules.py.
Imports alert.py and streams.contract.
"""
