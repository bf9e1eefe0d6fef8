"""What a worker writes: rows, measures, refusals, report updates, status; and what `measure` prints.

Start with measures.py.
Imports events, packs and domain.
"""
