"""Reading a partition's changelog from its start to a claim: what a new owner begins with."""

import asyncio
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.contract.outputs.measures import is_measure_key
from streams.contract.settings.kafka_security import KafkaSecurity
from streams.domain.shelf import Kept
from streams.edge.kafka_client.consumer_shutdown import close_consumer
from streams.runtime.failpoints import Failpoints
from streams.runtime.journal.checkpoint import CLAIM_KEY, POSITION_KEY, Position, decode
from streams.runtime.kafka.whole_batches import fetched, hand_over_whole

_FETCH_BYTES: Final = 8 << 20
_REPORT: Final = b"r|"
_NOBODY: Final = KafkaSecurity()


class Restored(NamedTuple):
    """The last value of every row but tombstones, the position, and how many records were read for it.

    `begun` says that there is a position, `first` at which offset the changelog begins. `reports` are those of the reports, by their keys without `r|`, `others` all else. `last` is what the last commit
    changed of the measures, tombstones included.
    """

    reports: Kept
    others: dict[bytes, bytes]
    position: Position
    read: int
    last: dict[bytes, bytes | None]
    begun: bool
    first: int


class _Rows:
    """Rows as the changelog tells them, until the claim is seen."""

    def __init__(self, claim: bytes) -> None:
        self._claim = claim
        self.reports: Kept = {}
        self.others: dict[bytes, bytes] = {}
        self.read = 0
        self.complete = False
        self.last: dict[bytes, bytes | None] = {}
        self._since: dict[bytes, bytes | None] = {}

    def take(self, records: list[Any]) -> None:
        reports = self.reports
        for record in records:
            key, value = record.key, record.value
            if key is None or key[:2] != _REPORT:  # nine rows in ten are reports
                self._note(key, value)
            elif value is not None:
                reports[key[2:]] = value
            else:
                reports.pop(key[2:], None)
        self.read += len(records)

    def _note(self, key: bytes | None, value: bytes | None) -> None:
        if key is None:
            return
        if key == CLAIM_KEY:
            self.complete = self.complete or value == self._claim
            return
        if value is None:
            self.others.pop(key, None)
        else:
            self.others[key] = value
        if key == POSITION_KEY:  # the last row of every commit
            self.last, self._since = self._since, {}
        elif is_measure_key(key):
            self._since[key] = value


async def restore(
    bootstrap: str, slot: TopicPartition, claim: bytes, failpoints: Failpoints, access: KafkaSecurity = _NOBODY
) -> Restored:
    """Return what was committed to the changelog partition `slot` before the record whose value is `claim`.

    The end is found by the claim, not by the broker's word: an embedded broker tells wrong end offsets.
    """
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        isolation_level="read_committed",
        max_partition_fetch_bytes=_FETCH_BYTES,
        **access.client_options(),
    )
    try:  # one that could not start must be stopped as well
        await consumer.start()
        first = (await consumer.beginning_offsets([slot]))[slot]
        hand_over_whole(consumer)
        consumer.assign([slot])
        await consumer.seek_to_beginning(slot)
        found = _Rows(claim)
        while not found.complete:
            for batch in await fetched(consumer):
                found.take(batch.records())
                failpoints.passing("mid_restore")
                await asyncio.sleep(0)  # some thousand records: other partitions and the health page come first now
    finally:
        await close_consumer(consumer)
    stored = found.others.pop(POSITION_KEY, None)
    position = decode(stored) if stored else Position()
    return Restored(found.reports, found.others, position, found.read, found.last, stored is not None, first)
