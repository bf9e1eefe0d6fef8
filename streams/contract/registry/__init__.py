"""The registry: which platforms there are, with their topics and cadences.

Start with registry.py.
Imports toml_reader and domain.
"""
