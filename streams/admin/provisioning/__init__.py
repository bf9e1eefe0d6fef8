"""Compute and make the changes that bring a cluster to its desired state.

Start with desired_state.py and plan.py.
Imports runtime, edge and contract.
"""
