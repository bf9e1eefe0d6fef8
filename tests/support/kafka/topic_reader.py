"""Reading a topic back."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

_REQUEST_TIMEOUT_MS = 10_000
_POLL_TIMEOUT_SECONDS = 10.0
_READ_TIMEOUT_SECONDS = 300.0


class TopicRecord(NamedTuple):
    """A record as it was read back."""

    partition: int
    offset: int
    key: bytes
    value: bytes | None
    topic: str = ""
    timestamp: int = 0
    headers: Sequence[tuple[str, bytes]] = ()


async def read_topic(
    bootstrap: str, topic: str, partitions: int, isolation: str = "read_committed"
) -> list[TopicRecord]:
    """Read to where the topic ends now, others may go on writing.

    What is committed but cannot be read yet is waited for, what nobody ends for a while only. The embedded broker counts
    its last record batch as one record; a poll returns the whole of it.
    """
    pairs = [TopicPartition(topic, partition) for partition in range(partitions)]
    async with _consumer(bootstrap, "read_uncommitted") as consumer:
        written = await consumer.end_offsets(pairs)
    async with _consumer(bootstrap, isolation) as consumer:
        consumer.assign(pairs)
        await consumer.seek_to_beginning(*pairs)
        ends = await _has_more(consumer, written)
        found: list[TopicRecord] = []
        async with asyncio.timeout(_READ_TIMEOUT_SECONDS):
            while any([await consumer.position(pair) < ends[pair] for pair in pairs]):
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    found += [_to_record(one) for one in records]
    return found


@asynccontextmanager
async def _consumer(bootstrap: str, isolation: str) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level=isolation,
        enable_auto_commit=False,
        request_timeout_ms=_REQUEST_TIMEOUT_MS,
    )
    try:  # one that could not start must be stopped as well
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()


async def _has_more(consumer: AIOKafkaConsumer, written: Mapping[TopicPartition, int]) -> dict[TopicPartition, int]:
    """Return the ends up to which a consumer can read: those of all that is `written`, unless nobody ends it."""
    deadline = time.monotonic() + _POLL_TIMEOUT_SECONDS
    while True:
        ends: dict[TopicPartition, int] = await consumer.end_offsets([*written])
        if time.monotonic() > deadline or all(ends[pair] >= end for pair, end in written.items()):
            return ends
        await asyncio.sleep(0.1)


def _to_record(one: Any) -> TopicRecord:  # noqa: ANN401 - aiokafka is untyped
    return TopicRecord(
        one.partition, one.offset, one.key or b"", one.value, one.topic, one.timestamp, tuple(one.headers)
    )
