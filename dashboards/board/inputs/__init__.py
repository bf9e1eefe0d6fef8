"""What a board reads and adds up.

Start with measures_reader.py and measures_state.py.
Imports streams.contract and streams.domain.
"""
