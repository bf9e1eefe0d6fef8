"""Frequent mistakes in published events, each with the measurement that shows it.

Start with catalogue.py.
Imports contract and domain.
"""
