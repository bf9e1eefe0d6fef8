"""One report: its stored row, its effective events, and what it comes to.

Start with row.py and evaluation.py.
Imports cohorts, clocks, labels, events and duration bins.
"""
