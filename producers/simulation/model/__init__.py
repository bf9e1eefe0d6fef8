"""Simulates what happens to each report.

Start with report_model.py.
Imports streams.domain.
"""
