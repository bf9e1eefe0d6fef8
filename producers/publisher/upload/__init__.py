"""Checks lines of files and pipes and sends them in record batches.

Start with request.py.
Imports the publisher, streams.edge and streams.contract.
"""
