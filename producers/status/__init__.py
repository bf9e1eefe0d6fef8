"""The command `safeclock status`: shows a platform what was accepted and refused.

Start with command.py.
Imports streams.edge and streams.contract.
"""
