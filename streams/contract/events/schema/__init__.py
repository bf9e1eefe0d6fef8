"""The types that describe each event in JSON.

Start with envelope.py.
Imports domain's closed words.
"""
