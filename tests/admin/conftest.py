"""The chains of tests/chain, for an operator's commands."""

from tests.chain.conftest import production

__all__ = ["production"]
