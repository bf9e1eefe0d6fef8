"""Settings that are read from environment variables.

Start with environment.py.
Imports nothing of ours.
"""
