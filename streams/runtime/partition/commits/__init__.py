"""What a partition commits: changes, feedback, suspended platforms.

Start with commit.py.
Imports journal, contract and domain.
"""
