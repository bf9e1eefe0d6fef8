"""Reads the measures and adds them up.

Start with measures_reader.py and measures_state.py.
Imports streams.contract and streams.domain.
"""
