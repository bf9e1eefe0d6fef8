"""The command `safeclock check`: how a platform's files are understood, and what looks wrong in them.

Start with check.py.
Imports batch, edge, contract and domain.
"""
