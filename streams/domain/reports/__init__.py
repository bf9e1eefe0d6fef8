"""One report: its stored row, its effective events, and how its clocks measure.

Start with report_row.py and evaluation.py.
Imports cohorts, clocks, labels, events and duration bins.
"""
