"""The documents that are generated from the contract: JSON Schema and AsyncAPI.

Start with schemas.py.
Imports the rest of contract.
"""
