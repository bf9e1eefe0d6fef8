"""The table of alerts, by subject.

Start with all_alerts.py; add an alert to the module of its subject.
Imports alert.py and recording/.
"""
