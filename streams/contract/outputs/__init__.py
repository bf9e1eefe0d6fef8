"""The formats of what a worker writes (rows, measures, refusals, report updates, status) and of the `measure` report.

Start with measures.py.
Imports events, packs and domain.
"""
