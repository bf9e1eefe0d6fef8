"""The demo: runs all processes on one machine and shows a live table.

Start with demo.py.
Imports board, streams.edge, streams.contract and streams.domain.
"""
