"""One HTTP server with limits, for metrics and health.

Start with server.py.
Imports contract and logs.
"""
