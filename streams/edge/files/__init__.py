"""Input files: what is in them, packed or not, line by line.

Start with input_file.py.
Imports contract.
"""
