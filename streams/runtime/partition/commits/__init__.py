"""Make the commits of a partition: changed rows, feedback to platforms, suspended platforms.

Start with committer.py.
Imports journal, contract and domain.
"""
