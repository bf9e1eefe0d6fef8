"""The registry of platforms, with their topics, cadences and periods of history.

Start with registry.py.
Imports toml_reader and domain.
"""
