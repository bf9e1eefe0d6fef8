"""What a cluster should have, what it has, and the changes between the two.

Start with desired_state.py and plan.py.
Imports runtime, edge and contract.
"""
