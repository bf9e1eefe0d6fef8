"""The table of alerts, one module for each subject.

Start with all_alerts.py; add an alert to the module of its subject.
Imports alert.py and recording/.
"""
