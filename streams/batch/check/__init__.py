"""The command `safeclock check`: show how a platform's files are understood, and probable mistakes in them.

Start with check.py.
Imports batch, edge, contract and domain.
"""
