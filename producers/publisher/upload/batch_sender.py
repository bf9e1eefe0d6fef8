"""Sends whole record batches, dozens of times as fast as single records (docs/adr/0002).

Within a partition a batch is sent only after the previous batch was acknowledged. So the events of a key arrive in
order, a heartbeat arrives after the events that it covers, and after a failure nothing more arrives in that partition.
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
from streams.edge.kafka_client.login_check import check_login
from streams.edge.kafka_client.producer_start import start_producer

# Half of Kafka's default limit (message.max.bytes), so that a batch stays below the limit with any overhead.
_BATCH_BYTES: Final = 512 * 1024
_MAX_CACHED_KEYS: Final = 1 << 16
_SHUTDOWN_WAIT_S: Final = 1.0  # A process that is asked to stop waits for this time twice.


class OutgoingRecord(NamedTuple):
    """One record of one line; `timestamp` is in epoch milliseconds, None for the time of sending."""

    topic: str
    partition: int
    key: bytes
    value: bytes
    timestamp: int | None
    line: int


class UndeliveredError(Exception):
    """A batch was not acknowledged; the message says why."""


class _PartitionBuffer:
    """The open batch and the batch in flight of one partition, each with its line numbers."""

    def __init__(self, topic: str, partition: int) -> None:
        self.topic = topic
        self.partition = partition
        self.open_batch: BatchBuilder | None = None
        self.open_lines: list[int] = []
        self.in_flight: asyncio.Future[object] | None = None
        self.in_flight_lines: list[int] = []


class BatchSender:
    """Sends records in batches and tracks which lines were acknowledged."""

    def __init__(self, producer: AIOKafkaProducer, partition_count: int, acknowledgement_timeout_s: float) -> None:
        self._producer = producer
        self._acknowledgement_timeout_s = acknowledgement_timeout_s
        self._buffers: dict[tuple[str, int], _PartitionBuffer] = {}
        self.partition_count = partition_count
        self.partition_of = lru_cache(_MAX_CACHED_KEYS)(lambda key: partition_of(key, partition_count))

    async def add(self, records: Iterable[OutgoingRecord]) -> None:
        """Add records to the batches of their partitions, and send full batches.

        Raises UndeliveredError if an earlier batch of a full partition was not acknowledged.
        """
        for topic, partition, key, value, timestamp, line in records:
            buffer = self._buffers.get((topic, partition))
            if buffer is None:
                buffer = self._buffers[topic, partition] = _PartitionBuffer(topic, partition)
            buffer.open_lines.append(line)
            if buffer.open_batch is None:
                buffer.open_batch = self._producer.create_batch()
            if buffer.open_batch.append(timestamp=timestamp, key=key, value=value) is None:
                await self._send_full_batch(buffer, line)
                buffer.open_batch = self._producer.create_batch()
                buffer.open_batch.append(timestamp=timestamp, key=key, value=value)

    async def send_open_batches(self) -> None:
        """Send every batch that is not empty."""
        for buffer in self._buffers.values():
            await self._send_batch(buffer)

    async def await_in_flight(self) -> None:
        """Wait at most one second for batches in flight, so that late acknowledgements still count; raises nothing."""
        in_flight = [buffer.in_flight for buffer in self._buffers.values() if buffer.in_flight is not None]
        if in_flight:
            await asyncio.wait(in_flight, timeout=_SHUTDOWN_WAIT_S)
        for buffer in self._buffers.values():
            if buffer.in_flight is not None and buffer.in_flight.done() and buffer.in_flight.exception() is None:
                buffer.in_flight, buffer.in_flight_lines = None, []

    async def flush(self) -> None:
        """Send all batches and wait; raises UndeliveredError for the first batch that is not acknowledged."""
        await self.send_open_batches()
        for buffer in self._buffers.values():
            await self._await_acknowledgement(buffer)

    def unacknowledged(self) -> set[int]:
        """Return the numbers of lines with a record that was added and is not acknowledged."""
        return {line for buffer in self._buffers.values() for line in (*buffer.open_lines, *buffer.in_flight_lines)}

    async def _send_full_batch(self, buffer: _PartitionBuffer, line: int) -> None:
        # The record did not fit, so its line belongs to the next batch, even if the full batch cannot be sent.
        buffer.open_lines.pop()
        try:
            await self._send_batch(buffer)
        finally:
            buffer.open_lines.append(line)

    async def _send_batch(self, buffer: _PartitionBuffer) -> None:
        if buffer.open_batch is None:
            return
        await self._await_acknowledgement(buffer)
        self._check_partition_count(buffer.topic)
        batch, buffer.open_batch = buffer.open_batch, None
        buffer.in_flight_lines, buffer.open_lines = buffer.open_lines, []
        try:
            buffer.in_flight = await self._producer.send_batch(batch, buffer.topic, partition=buffer.partition)
        except KafkaError as error:
            raise UndeliveredError(type(error).__name__) from error

    def _check_partition_count(self, topic: str) -> None:
        """Raise if a topic's number of partitions has changed, since keys would then go to wrong partitions."""
        partitions = self._producer.client.cluster.partitions_for_topic(topic)
        if partitions and len(partitions) != self.partition_count:
            raise UndeliveredError(
                f"{topic}: expected {self.partition_count} partitions, as at the start, got {len(partitions)}"
            )

    async def _await_acknowledgement(self, buffer: _PartitionBuffer) -> None:
        if buffer.in_flight is None:
            if buffer.in_flight_lines:
                raise UndeliveredError("an earlier batch of the partition was not sent")
            return
        try:
            await asyncio.wait_for(asyncio.shield(buffer.in_flight), self._acknowledgement_timeout_s)
        except (KafkaError, TimeoutError) as error:
            first, last = min(buffer.in_flight_lines), max(buffer.in_flight_lines)
            raise UndeliveredError(f"{type(error).__name__} for a batch from line {first} to {last}") from error
        buffer.in_flight, buffer.in_flight_lines = None, []


@asynccontextmanager
async def open_batch_sender(settings: PublisherSettings, topics: Iterable[str]) -> AsyncIterator[BatchSender]:
    """Yield a connected sender for `topics` while the block runs.

    Raises BrokerError if the broker does not answer, lacks a topic, or has different numbers of partitions.
    """
    timeout_s = settings.delivery_timeout_ms / 1000
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
        await start_producer(producer, timeout_s)
    except KafkaError as error:
        await producer.stop()
        raise BrokerError(
            f"bootstrap: expected a broker at {settings.bootstrap}, none answered: {type(error).__name__}"
        ) from error
    try:
        yield BatchSender(producer, await fetch_partition_count(producer, topics, settings.bootstrap), timeout_s)
    finally:
        await _stop_producer(producer)


async def fetch_partition_count(producer: AIOKafkaProducer, topics: Iterable[str], bootstrap: str) -> int:
    """Return the number of partitions of every topic; raises BrokerError like `open_batch_sender`."""
    try:
        metadata = await producer.client.fetch_all_metadata()
    except KafkaError as error:
        raise BrokerError(f"bootstrap: expected a list of topics from {bootstrap}, got an error: {error}") from error
    counts = {name: len(metadata.partitions_for_topic(name) or ()) for name in topics}
    if missing := sorted(name for name, count in counts.items() if not count):
        raise BrokerError(
            f"topics: expected the topics of the registry, the broker does not have: {', '.join(missing)}"
        )
    if len(set(counts.values())) != 1:
        raise BrokerError(f"topics: expected the same number of partitions of every topic, got {counts}")
    return next(iter(counts.values()))


async def _stop_producer(producer: AIOKafkaProducer) -> None:
    # With idempotence the client retries without end, so this function must not wait for a batch that has failed.
    try:
        await asyncio.wait_for(producer.stop(), _SHUTDOWN_WAIT_S)
    except TimeoutError:
        return
