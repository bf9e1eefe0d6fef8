"""Computes metric samples from the added-up measures.

Start with cohorts.py.
Imports inputs, samples, streams.contract and streams.domain.
"""
