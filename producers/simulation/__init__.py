"""Invented platforms with a known truth.

Start with traffic.py; model/ says what happens to a report.
Imports streams.contract and streams.domain.
"""
