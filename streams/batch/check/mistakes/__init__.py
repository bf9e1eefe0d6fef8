"""Frequent mistakes in published events, each with the counts that show it.

Start with catalogue.py.
Imports contract and domain.
"""
