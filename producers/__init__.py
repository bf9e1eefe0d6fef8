"""What platforms use: the publisher, its commands, status, and a simulator.

Start with publisher/publisher.py.
Imports edge, contract and domain of streams.
"""
