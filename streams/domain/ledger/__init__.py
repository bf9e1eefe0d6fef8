"""The state of one partition: apply(event), advance(now), drain the changes.

Start with ledger.py; general_path.py is the definition, fast_path/ is optional.
Imports reports, cohorts, clocks and what these import.
"""
