"""What a clock is, how it runs on a report, and how it ends.

Start with definition.py and timeline.py.
Imports labels, events, duration bins and the vocabulary.
"""
