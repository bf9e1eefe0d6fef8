"""What happens to invented reports.

Start with report_model.py.
Imports streams.domain.
"""
