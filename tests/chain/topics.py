"""Chains on topics whose names are those of production, where nobody else is or finds what was left."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from kafka.admin import KafkaAdminClient

from streams.runtime.kafka.admin import KafkaAdmin
from tests.brokers.embedded import EmbeddedBrokerUnavailableError, embedded_broker
from tests.chain.chain import Chain
from tests.chain.waiting import until
from tests.required import missing


@contextmanager
def embedded_chain(folder: Path, partitions: int) -> Iterator[Chain]:
    """Run an embedded broker for the block, with one chain on it."""
    try:
        with embedded_broker() as bootstrap, closing(Chain(bootstrap, folder, partitions, own_names=False)) as chain:
            yield chain
    except EmbeddedBrokerUnavailableError as reason:
        missing("embedded-broker", str(reason))


@contextmanager
def deleted(bootstrap: str, names: Sequence[str]) -> Iterator[None]:
    """Delete topics before the block and after it."""
    _delete(bootstrap, names)
    try:
        yield
    finally:
        _delete(bootstrap, names)


def _delete(bootstrap: str, names: Sequence[str]) -> None:
    with KafkaAdmin(bootstrap) as broker:
        if found := list(broker.describe_topics(names)):
            with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
                admin.delete_topics(found)
            until(lambda: not broker.describe_topics(names), f"{', '.join(found)} to be gone")
