"""Samples that are computed from what was added up.

Start with cohorts.py.
Imports inputs, samples, streams.contract and streams.domain.
"""
