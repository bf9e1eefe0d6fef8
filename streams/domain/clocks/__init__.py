"""Clocks: how they are defined, how they run on a report, and how they end.

Start with definition.py and timeline.py.
Imports labels, events, duration bins and the vocabulary.
"""
