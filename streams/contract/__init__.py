"""The interfaces that other processes and people rely on: events, outputs, topics, registry, packs, metrics, settings.

Start with events/decoder.py and topics.py.
Imports domain; contains no network or file protocol.
"""
