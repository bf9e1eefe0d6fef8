"""Read a partition's changelog from its start to a claim record, to restore the state for a new owner."""

import asyncio
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.contract.outputs.measures import is_measure_key
from streams.contract.settings.kafka_security import KafkaSecurity
from streams.domain.ledger.report_store import Reports
from streams.edge.kafka_client.consumer_shutdown import close_consumer
from streams.runtime.failpoints import Failpoints
from streams.runtime.journal.checkpoint import CHECKPOINT_KEY, CLAIM_KEY, Checkpoint, decode_checkpoint
from streams.runtime.kafka.whole_batches import deliver_whole_batches, poll_batches

_FETCH_BYTES: Final = 8 << 20
_REPORT_PREFIX: Final = b"r|"
_NO_LOGIN: Final = KafkaSecurity()


class Restored(NamedTuple):
    """The last value of every row, tombstones left out, with the checkpoint and the number of records read.

    `reports` are the rows of reports by their keys without `r|`, `other_rows` all others. `last_measures` are the
    measures that the last commit changed, tombstones included. `has_checkpoint` says that the changelog has one;
    `first_offset` is the first offset of the changelog.
    """

    reports: Reports
    other_rows: dict[bytes, bytes]
    checkpoint: Checkpoint
    records_read: int
    last_measures: dict[bytes, bytes | None]
    has_checkpoint: bool
    first_offset: int


class _ChangelogRows:
    """Collect rows from changelog records until the claim record is seen."""

    def __init__(self, claim: bytes) -> None:
        self._claim = claim
        self.reports: Reports = {}
        self.other_rows: dict[bytes, bytes] = {}
        self.records_read = 0
        self.is_complete = False
        self.last_measures: dict[bytes, bytes | None] = {}
        self._measures_since: dict[bytes, bytes | None] = {}

    def apply_records(self, records: list[Any]) -> None:
        reports = self.reports
        for record in records:
            key, value = record.key, record.value
            if key is None or key[:2] != _REPORT_PREFIX:  # nine rows in ten are reports
                self._apply_other_row(key, value)
            elif value is not None:
                reports[key[2:]] = value
            else:
                reports.pop(key[2:], None)
        self.records_read += len(records)

    def _apply_other_row(self, key: bytes | None, value: bytes | None) -> None:
        if key is None:
            return
        if key == CLAIM_KEY:
            self.is_complete = self.is_complete or value == self._claim
            return
        if value is None:
            self.other_rows.pop(key, None)
        else:
            self.other_rows[key] = value
        if key == CHECKPOINT_KEY:  # the last row of every commit
            self.last_measures, self._measures_since = self._measures_since, {}
        elif is_measure_key(key):
            self._measures_since[key] = value


async def read_changelog(
    bootstrap: str,
    topic_partition: TopicPartition,
    claim: bytes,
    failpoints: Failpoints,
    access: KafkaSecurity = _NO_LOGIN,
) -> Restored:
    """Return what was committed to the changelog partition `topic_partition` before the record whose value is `claim`.

    The claim marks the end, since an embedded broker reports wrong end offsets.
    """
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        isolation_level="read_committed",
        max_partition_fetch_bytes=_FETCH_BYTES,
        **access.client_options(),
    )
    try:  # a consumer that could not start must be stopped, too
        await consumer.start()
        first_offset = (await consumer.beginning_offsets([topic_partition]))[topic_partition]
        deliver_whole_batches(consumer)
        consumer.assign([topic_partition])
        await consumer.seek_to_beginning(topic_partition)
        found = _ChangelogRows(claim)
        while not found.is_complete:
            for batch in await poll_batches(consumer):
                found.apply_records(batch.records())
                failpoints.hit("mid_restore")
                await asyncio.sleep(0)  # after some thousand records, let other partitions and the health page run
    finally:
        await close_consumer(consumer)
    stored = found.other_rows.pop(CHECKPOINT_KEY, None)
    checkpoint = decode_checkpoint(stored) if stored else Checkpoint()
    return Restored(
        found.reports,
        found.other_rows,
        checkpoint,
        found.records_read,
        found.last_measures,
        stored is not None,
        first_offset,
    )
