"""The process that reads measures and serves metrics to Prometheus.

Start with board.py.
Imports streams.edge, streams.contract and streams.domain.
"""
