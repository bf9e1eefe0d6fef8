"""Chains that are made to fail, and the report of what was done to them."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Protocol

import pytest

from streams.contract.topics import Replication
from tests.support.failures.failing_chain import FailingChain
from tests.support.failures.fault_tally import Tally, table

TALLIES = pytest.StashKey[list[Tally]]()
ALONE = Replication(factor=1, min_insync=1)
THREE = Replication(factor=3, min_insync=2)


class Fail(Protocol):
    """Makes a chain on a broker that has been told nothing yet."""

    def __call__(self, bootstrap: str, partitions: int = 2, copies: Replication = ALONE) -> FailingChain:
        """Return the chain; its topics exist."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which failures were injected and what came of them."""
    if tallies := config.stash.get(TALLIES, []):
        terminalreporter.section("failures injected")
        for line in table(tallies):
            terminalreporter.line(line)


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Tally:
    """What the running test does, for the report."""
    made = Tally(request.node.name)
    request.config.stash.setdefault(TALLIES, []).append(made)
    return made


@pytest.fixture
def failing(tally: Tally, tmp_path: Path) -> Iterator[Fail]:
    """Make chains whose processes end with the test."""
    with ExitStack() as stack:

        def make(bootstrap: str, partitions: int = 2, copies: Replication = ALONE) -> FailingChain:
            chain = stack.enter_context(closing(FailingChain(bootstrap, tmp_path, partitions)))
            chain.tally, chain.copies = tally, copies
            chain.create_topics()
            return chain

        yield make
