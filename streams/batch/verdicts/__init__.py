"""The commands `verdicts check`, `verdicts list` and `verdicts explain`, and declared verdicts from files.

Start with commands.py.
Imports streams.edge, streams.contract and streams.domain.
"""
