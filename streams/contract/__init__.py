"""What other processes and people rely on: events, outputs, topics, registry, packs, metrics, settings.

Start with events/decoder.py and topics.py.
Imports domain; knows no transport.
"""
