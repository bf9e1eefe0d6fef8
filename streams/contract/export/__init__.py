"""Generators of documents from the contract: JSON Schema, AsyncAPI and test vectors.

Start with schemas.py.
Imports the rest of contract.
"""
