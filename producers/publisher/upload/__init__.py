"""Files and pipes: check them, then send them in record batches.

Start with request.py.
Imports the publisher, streams.edge and streams.contract.
"""
