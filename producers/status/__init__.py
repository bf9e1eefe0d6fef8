"""The command `safeclock status`: what a platform hears back.

Start with command.py.
Imports streams.edge and streams.contract.
"""
