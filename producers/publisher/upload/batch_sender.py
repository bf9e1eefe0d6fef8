"""Whole record batches, for files: dozens of times as fast as one record at a time (docs/adr/0050).

Within a partition a batch leaves only after the one before it was acknowledged. So a key's events arrive in order, a
heartbeat never before what it promises, and after a failure nothing more arrives in that partition.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Final, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.producer.message_accumulator import BatchBuilder

from producers.publisher.errors import BrokerError
from producers.publisher.settings import PublisherSettings
from streams.contract.settings.kafka_security import KafkaSecurityError
from streams.contract.topics import partition_of
from streams.edge.kafka_client.login import check_login

# Half of what Kafka takes by default (message.max.bytes), so that no overhead can tip a batch over it.
_BATCH_BYTES: Final = 512 * 1024
_KEYS_REMEMBERED: Final = 1 << 16
_LAST_WAIT_S: Final = 1.0  # twice at the end of a process that was asked to stop


class Record(NamedTuple):
    """One record of one line; `timestamp` in epoch milliseconds, None for the time of sending."""

    topic: str
    partition: int
    key: bytes
    value: bytes
    timestamp: int | None
    line: int


class UndeliveredError(Exception):
    """A batch was not acknowledged; the message is the cause."""


class _Lane:
    """One partition: the batch that is filled, and the one that is on its way, each with the lines in it."""

    def __init__(self, topic: str, partition: int) -> None:
        self.topic = topic
        self.partition = partition
        self.filling: BatchBuilder | None = None
        self.filling_lines: list[int] = []
        self.sent: asyncio.Future[object] | None = None
        self.sent_lines: list[int] = []


class BulkSender:
    """Sends records in batches and knows which lines were acknowledged."""

    def __init__(self, producer: AIOKafkaProducer, partitions: int, patience_s: float) -> None:
        self._producer = producer
        self._patience_s = patience_s
        self._lanes: dict[tuple[str, int], _Lane] = {}
        self.partitions = partitions
        self.partition_of = lru_cache(_KEYS_REMEMBERED)(lambda key: partition_of(key, partitions))

    async def add(self, records: Iterable[Record]) -> None:
        """Put records into the batches of their partitions; full ones leave.

        Raises UndeliveredError when an earlier batch of such a partition was not acknowledged.
        """
        for topic, partition, key, value, timestamp, line in records:
            lane = self._lanes.get((topic, partition))
            if lane is None:
                lane = self._lanes[topic, partition] = _Lane(topic, partition)
            lane.filling_lines.append(line)
            if lane.filling is None:
                lane.filling = self._producer.create_batch()
            if lane.filling.append(timestamp=timestamp, key=key, value=value) is None:
                await self._make_room(lane, line)
                lane.filling = self._producer.create_batch()
                lane.filling.append(timestamp=timestamp, key=key, value=value)

    async def send(self) -> None:
        """Let every batch leave that holds anything."""
        for lane in self._lanes.values():
            await self._send(lane)

    async def settle(self) -> None:
        """Wait a moment for what is on its way, whatever becomes of it: what arrives late is counted all the same."""
        sent = [lane.sent for lane in self._lanes.values() if lane.sent is not None]
        if sent:
            await asyncio.wait(sent, timeout=_LAST_WAIT_S)
        for lane in self._lanes.values():
            if lane.sent is not None and lane.sent.done() and lane.sent.exception() is None:
                lane.sent, lane.sent_lines = None, []

    async def finish(self) -> None:
        """Send everything and wait for it; raises UndeliveredError for the first batch that is not acknowledged."""
        await self.send()
        for lane in self._lanes.values():
            await self._arrival(lane)

    def unacknowledged(self) -> set[int]:
        """Return the numbers of the lines of which a record was added and is not acknowledged."""
        return {line for lane in self._lanes.values() for line in (*lane.filling_lines, *lane.sent_lines)}

    async def _make_room(self, lane: _Lane, line: int) -> None:
        # The line's record was not taken: it belongs to the next batch, also when the full one cannot leave.
        lane.filling_lines.pop()
        try:
            await self._send(lane)
        finally:
            lane.filling_lines.append(line)

    async def _send(self, lane: _Lane) -> None:
        if lane.filling is None:
            return
        await self._arrival(lane)
        self._as_at_the_start(lane.topic)
        batch, lane.filling = lane.filling, None
        lane.sent_lines, lane.filling_lines = lane.filling_lines, []
        try:
            lane.sent = await self._producer.send_batch(batch, lane.topic, partition=lane.partition)
        except KafkaError as error:
            raise UndeliveredError(type(error).__name__) from error

    def _as_at_the_start(self, topic: str) -> None:
        """Raise when a topic has other partitions than at the start: keys would go to the wrong ones, for weeks."""
        found = self._producer.client.cluster.partitions_for_topic(topic)
        if found and len(found) != self.partitions:
            raise UndeliveredError(
                f"expected {self.partitions} partitions of {topic}, as at the start, got {len(found)}"
            )

    async def _arrival(self, lane: _Lane) -> None:
        if lane.sent is None:
            if lane.sent_lines:
                raise UndeliveredError("an earlier batch of the partition was not sent")
            return
        try:
            await asyncio.wait_for(asyncio.shield(lane.sent), self._patience_s)
        except (KafkaError, TimeoutError) as error:
            first, last = min(lane.sent_lines), max(lane.sent_lines)
            raise UndeliveredError(f"{type(error).__name__} for a batch from line {first} to {last}") from error
        lane.sent, lane.sent_lines = None, []


@asynccontextmanager
async def bulk_sender(settings: PublisherSettings, names: Iterable[str]) -> AsyncIterator[BulkSender]:
    """Connect a sender for the topics `names` for the block.

    Raises BrokerError when the broker does not answer, or has not all topics with the same number of partitions.
    """
    patience_s = settings.delivery_timeout_ms / 1000
    try:
        await asyncio.to_thread(check_login, settings.bootstrap, settings.access)
    except KafkaSecurityError as error:
        raise BrokerError(str(error)) from error
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.servers,
        acks="all",
        enable_idempotence=settings.idempotent,
        max_batch_size=_BATCH_BYTES,
        request_timeout_ms=settings.delivery_timeout_ms,
        **settings.access.client_options(),
    )
    try:
        await producer.start()
    except KafkaError as error:
        await producer.stop()
        raise BrokerError(
            f"expected a broker at {settings.bootstrap}, none answered: {type(error).__name__}"
        ) from error
    try:
        yield BulkSender(producer, await partitions_of(producer, names, settings.bootstrap), patience_s)
    finally:
        await _stop(producer)


async def partitions_of(producer: AIOKafkaProducer, names: Iterable[str], bootstrap: str) -> int:
    """Return how many partitions each of the topics `names` has; raises BrokerError as `bulk_sender` does."""
    try:
        metadata = await producer.client.fetch_all_metadata()
    except KafkaError as error:
        raise BrokerError(f"expected a broker at {bootstrap}, it told nothing of its topics: {error}") from error
    counts = {name: len(metadata.partitions_for_topic(name) or ()) for name in names}
    if missing := sorted(name for name, count in counts.items() if not count):
        raise BrokerError(f"expected the topics of the registry, the broker has not: {', '.join(missing)}")
    if len(set(counts.values())) != 1:
        raise BrokerError(f"expected as many partitions of every topic, got {counts}")
    return next(iter(counts.values()))


async def _stop(producer: AIOKafkaProducer) -> None:
    # With idempotence the client retries for ever; who gave up on a batch must not wait for it here.
    try:
        await asyncio.wait_for(producer.stop(), _LAST_WAIT_S)
    except TimeoutError:
        return
