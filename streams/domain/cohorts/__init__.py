"""Reports grouped by platform, filing day and labels, and the statistics of such groups.

Start with cohort.py and statistics.py.
Imports clocks, survival, labels, events and duration bins.
"""
