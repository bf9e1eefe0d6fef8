"""The catalogue of all metrics, with help texts and labels.

Start with all_metrics.py and metric.py.
Imports domain.
"""
