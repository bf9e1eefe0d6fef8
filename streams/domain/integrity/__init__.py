"""Checks that find implausible data.

Start with checks.py; docs/integrity-checks.md describes each check.
Imports cohorts, clocks, labels and duration bins.
"""
