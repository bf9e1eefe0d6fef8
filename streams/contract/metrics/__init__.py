"""The catalogue of all metrics, with help texts and labels.

Start with catalogue.py and metric.py.
Imports domain.
"""
