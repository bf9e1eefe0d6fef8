"""Build the commits of a partition: changed rows, feedback to platforms, suspended platforms.

Start with build_commit.py.
Imports journal, contract and domain.
"""
