"""Chains that are made to fail, and the report of what was done to them."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Protocol

import pytest

from streams.contract.topics import Replication
from tests.support.failures.failing_chain import FailingChain
from tests.support.failures.fault_tally import FaultTally, tally_table

FAULT_TALLIES = pytest.StashKey[list[FaultTally]]()
SINGLE_REPLICA = Replication(factor=1, min_insync=1)
THREE_REPLICAS = Replication(factor=3, min_insync=2)


class FailingChainFactory(Protocol):
    """Makes a chain on a broker that has been told nothing yet."""

    def __call__(self, bootstrap: str, partitions: int = 2, copies: Replication = SINGLE_REPLICA) -> FailingChain:
        """Return the chain; its topics exist."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which failures were injected and what came of them."""
    if tallies := config.stash.get(FAULT_TALLIES, []):
        terminalreporter.section("failures injected")
        for line in tally_table(tallies):
            terminalreporter.line(line)


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> FaultTally:
    """What the running test does, for the report."""
    made = FaultTally(request.node.name)
    request.config.stash.setdefault(FAULT_TALLIES, []).append(made)
    return made


@pytest.fixture
def failing_chain(tally: FaultTally, tmp_path: Path) -> Iterator[FailingChainFactory]:
    """Make chains whose processes end with the test."""
    with ExitStack() as stack:

        def make(bootstrap: str, partitions: int = 2, copies: Replication = SINGLE_REPLICA) -> FailingChain:
            chain = stack.enter_context(closing(FailingChain(bootstrap, tmp_path, partitions)))
            chain.tally, chain.copies = tally, copies
            chain.create_topics()
            return chain

        yield make
