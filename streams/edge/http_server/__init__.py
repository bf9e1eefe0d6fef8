"""The HTTP server of a process, for metrics and health, with limits for clients.

Start with server.py.
Imports contract and logs.
"""
