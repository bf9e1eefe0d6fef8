"""The tools of platforms: the publisher library, its commands, the command `status`, and a simulator.

Start with publisher/publisher.py.
Imports edge, contract and domain of streams.
"""
