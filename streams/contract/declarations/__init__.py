"""Declarations of comparisons: what a declared verdict compares, fixed in a file before the reports are filed.

Start with file.py; docs/verdict.md describes the fields.
Imports packs, registry and toml_reader of the contract, and streams.domain.
"""
