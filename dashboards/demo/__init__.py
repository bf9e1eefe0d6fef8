"""The demo: all processes on one machine, and a live table.

Start with demo.py.
Imports board, streams.edge, streams.contract and streams.domain.
"""
