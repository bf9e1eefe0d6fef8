"""Read a partition from its beginning to its present end: committed records only, without a consumer group."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.admin.errors import OperatingError
from streams.contract.events.source_records import UnreadableBatch
from streams.contract.settings.kafka_security import KafkaSecurity
from streams.edge.kafka_client import resilient_consumer
from streams.edge.kafka_client.record_batch import OWN_TOPIC_LIMITS
from streams.edge.kafka_client.response_records import ConsumedRecord, RecordOrUnreadable

_MAX_POLL_RECORDS: Final = 20_000
_FETCH_BYTES: Final = 8 << 20
_POLL_MS: Final = 500
_MAX_OFFSETS_READ_OVER: Final = 2_000  # reading on is cheaper than a seek
_OPEN_TRANSACTION_SECONDS: Final = 10.0
_RETRY_SECONDS: Final = 0.1


class BrokerAddress(NamedTuple):
    """The address of a cluster, and the login to use."""

    bootstrap: str
    access: KafkaSecurity = KafkaSecurity()


class LogBounds(NamedTuple):
    """The first offset of a log, and the offset after its last committed record."""

    first_offset: int
    end_offset: int


class TopicLog:
    """A partition's log, up to its end at the time of opening; it can be read once."""

    def __init__(self, consumer: AIOKafkaConsumer, topic_partition: TopicPartition, bounds: LogBounds) -> None:
        self.bounds = bounds
        self._consumer = consumer
        self._slot = topic_partition

    async def records(self) -> AsyncIterator[RecordOrUnreadable]:
        """Yield every committed record, and an `UnreadableBatch` in place of a batch that cannot be read."""
        while await self._consumer.position(self._slot) < self.bounds.end_offset:
            for record in await self._poll():
                if record.offset < self.bounds.end_offset:
                    yield record

    async def records_at(self, offsets: Iterable[int]) -> AsyncIterator[ConsumedRecord]:
        """Yield the committed records at `offsets`, in order; an offset without a readable record yields nothing."""
        wanted = deque(
            sorted(offset for offset in offsets if self.bounds.first_offset <= offset < self.bounds.end_offset)
        )
        position = self.bounds.first_offset
        while wanted:
            if not position <= wanted[0] < position + _MAX_OFFSETS_READ_OVER:
                self._consumer.seek(self._slot, wanted[0])
            for record in await self._poll():
                _discard_below(wanted, record.offset)
                if isinstance(record, ConsumedRecord) and wanted and wanted[0] == record.offset:
                    yield record
            position = await self._consumer.position(self._slot)
            _discard_below(wanted, position)

    async def rows(self) -> dict[bytes, bytes]:
        """Return the last value of every key of a compacted log, without deleted keys.

        Raises OperatingError if a batch cannot be read, since rows would be missing.
        """
        found: dict[bytes, bytes] = {}
        async for record in self.records():
            if isinstance(record, UnreadableBatch):
                raise OperatingError(
                    f"{record.topic} {record.partition}: expected a readable record batch at offset {record.offset},"
                    " got one that cannot be read: its rows would be missing"
                )
            apply_record(found, record.key, record.value)
        return found

    async def _poll(self) -> list[RecordOrUnreadable]:
        polled = await resilient_consumer.poll(
            self._consumer, self._slot, timeout_ms=_POLL_MS, max_records=_MAX_POLL_RECORDS
        )
        return polled.get(self._slot, [])


def _discard_below(wanted: deque[int], offset: int) -> None:
    while wanted and wanted[0] < offset:
        wanted.popleft()


def apply_record(rows: dict[bytes, bytes], key: bytes | None, value: bytes | None) -> None:
    """Apply one more record of a compacted log to `rows`."""
    if key is None:
        return
    if value is None:
        rows.pop(key, None)
    else:
        rows[key] = value


@asynccontextmanager
async def open_log(
    address: BrokerAddress, topic: str, partition: int, wait_seconds: float = _OPEN_TRANSACTION_SECONDS
) -> AsyncIterator[TopicLog]:
    """Open a log within the block: all records written so far, after their transactions have ended.

    A broker acknowledges a transaction before readers see it, and the last commit of a stopped worker must not be
    missing. A transaction that stays open for `wait_seconds` is left out, with all records after it.

    Every log has its own consumer: aiokafka's may hang when it is stopped soon after another assignment.
    """
    topic_partition = TopicPartition(topic, partition)
    async with _open_consumer(address, "read_uncommitted") as everything:
        written = await _end_offset(everything, topic_partition)
    async with _open_consumer(address, "read_committed") as consumer:
        first = (await consumer.beginning_offsets([topic_partition]))[topic_partition]
        end = await _readable_end(consumer, topic_partition, written, wait_seconds)
        consumer.assign([topic_partition])
        consumer.seek(topic_partition, first)
        yield TopicLog(consumer, topic_partition, LogBounds(first, end))


@asynccontextmanager
async def _open_consumer(address: BrokerAddress, isolation: str) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = resilient_consumer.create_consumer(
        OWN_TOPIC_LIMITS,
        bootstrap_servers=address.bootstrap,
        enable_auto_commit=False,
        isolation_level=isolation,
        auto_offset_reset="none",
        max_partition_fetch_bytes=_FETCH_BYTES,
        **address.access.client_options(),
    )
    try:  # a consumer that could not start must be stopped, too
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()


async def _readable_end(
    consumer: AIOKafkaConsumer, topic_partition: TopicPartition, end_offset: int, wait_seconds: float
) -> int:
    """Return the offset up to which a log can be read; wait until it is `end_offset`, or `wait_seconds` have passed."""
    now = asyncio.get_running_loop().time
    deadline = now() + wait_seconds
    while (end := await _end_offset(consumer, topic_partition)) < end_offset and now() < deadline:  # noqa: ASYNC110 - a broker sends no notification
        await asyncio.sleep(_RETRY_SECONDS)
    return end


async def _end_offset(consumer: AIOKafkaConsumer, topic_partition: TopicPartition) -> int:
    end: int = (await consumer.end_offsets([topic_partition]))[topic_partition]
    return end
