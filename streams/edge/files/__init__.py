"""Input files, compressed or not, read line by line, and reports of refused lines.

Start with input_file.py.
Imports contract.
"""
