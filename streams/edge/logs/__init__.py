"""Log lines: format, and limits on repeated lines.

Start with configuration.py.
Imports contract.
"""
