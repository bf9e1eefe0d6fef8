"""The event types: bytes in, events of the domain out.

Start with decoder.py and schema/.
Imports registry, timestamps and domain.
"""
