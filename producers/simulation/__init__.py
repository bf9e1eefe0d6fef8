"""Simulates platforms whose true figures are known.

Start with traffic.py; model/ says what happens to a report.
Imports streams.contract and streams.domain.
"""
