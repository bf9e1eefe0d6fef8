"""Chains on topics whose names are those of production, where nobody else is or finds what was left."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from tests.support.broker.embedded import EmbeddedBrokerUnavailableError, embedded_broker
from tests.support.components import require_component
from tests.support.kafka.topics import delete_topics
from tests.support.process.chain import Chain


@contextmanager
def chain_on_embedded_broker(folder: Path, partitions: int) -> Iterator[Chain]:
    """Run an embedded broker for the block, with one chain on it."""
    try:
        with embedded_broker() as bootstrap, closing(Chain(bootstrap, folder, partitions, own_names=False)) as chain:
            yield chain
    except EmbeddedBrokerUnavailableError as reason:
        require_component("embedded-broker", str(reason))


@contextmanager
def deleted_topics(bootstrap: str, names: Sequence[str]) -> Iterator[None]:
    """Delete topics before the block and after it."""
    delete_topics(bootstrap, names)
    try:
        yield
    finally:
        delete_topics(bootstrap, names)
