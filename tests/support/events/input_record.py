"""A record as a Kafka consumer hands it over."""

from collections.abc import Sequence
from typing import NamedTuple

from streams.contract.events import keys
from tests.support.events.examples import AT, TOKEN


class InputRecord(NamedTuple):
    """A record; by default one of harbor about the report of the examples."""

    topic: str
    value: bytes | None = None
    key: bytes | None = keys.record_key("harbor", TOKEN)
    timestamp: int = AT + 1_000
    headers: Sequence[tuple[str, bytes]] | None = ()
    partition: int = 0
    offset: int = 0
    timestamp_type: int = 1
