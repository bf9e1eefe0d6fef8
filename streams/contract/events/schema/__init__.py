"""The types that declare each event and its JSON.

Start with envelope.py.
Imports the closed words of domain.
"""
