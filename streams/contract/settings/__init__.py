"""Settings that are read from environment variables.

Start with environment.py.
Imports toml_reader.
"""
