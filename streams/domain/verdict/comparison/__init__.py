"""Compare a figure of two windows of filing weeks, with an interval that allows for dependent weeks.

Start with contrast.py and filed_weeks.py.
Imports survival, cohorts and duration bins.
"""
