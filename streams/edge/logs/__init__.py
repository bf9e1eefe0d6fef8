"""The log of a process: format of lines, and limits on repeated lines.

Start with configuration.py.
Imports contract.
"""
