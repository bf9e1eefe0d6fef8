"""Chains on each broker."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from streams.contract.topics import EVENT_REFUSED, MEASURES, REPORT_UPDATES
from tests.support.process.chain import Chain, ChainFactory
from tests.support.process.production_topics import chain_on_embedded_broker, deleted_topics


@pytest.fixture
def contract_topics_chain(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ChainFactory]:
    """Make a chain on `apache_kafka` or `embedded_broker` whose worker is the command, on the contract's topics."""
    with ExitStack() as stack:

        def make(broker: str, partitions: int = 4) -> Chain:
            if broker == "embedded_broker":
                return stack.enter_context(chain_on_embedded_broker(tmp_path, partitions))
            bootstrap = request.getfixturevalue(broker)
            stack.enter_context(deleted_topics(bootstrap, (MEASURES, EVENT_REFUSED, REPORT_UPDATES)))
            return stack.enter_context(closing(Chain(bootstrap, tmp_path, partitions, own_names=False)))

        yield make


@pytest.fixture
def own_topics_chain(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ChainFactory]:
    """Make a chain on `apache_kafka` or `embedded_broker` whose topics are all its own, and exist."""
    with ExitStack() as stack:

        def make(broker: str, partitions: int = 2) -> Chain:
            chain = stack.enter_context(closing(Chain(request.getfixturevalue(broker), tmp_path, partitions)))
            chain.create_topics()
            return chain

        yield make
