"""Event types, and the decoder that turns bytes into events of the domain.

Start with decoder.py and schema/.
Imports registry, timestamps and domain.
"""
