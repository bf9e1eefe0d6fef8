"""The declared verdict: whether a platform acts faster than before, decided by a rule that was fixed beforehand.

Start with decision.py; comparison has the formulas.
Imports survival, cohorts, clocks and duration bins.
"""
