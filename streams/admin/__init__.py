"""Commands of an operator: topics and rights, backup and restore, replay, source reset.

Start with commands/.
Imports runtime, edge, contract and domain.
"""
