"""Records written to a topic and read back, in the loop of a test."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streams.contract.topics import TopicSettings
from streams.runtime.kafka.admin import KafkaAdmin

_STALLED_SECONDS = 120.0


def new_topic(bootstrap: str) -> str:
    """Return the name of a new topic with one partition."""
    name = f"own-{uuid4().hex[:8]}"
    with KafkaAdmin(bootstrap) as admin:
        admin.create_topic(TopicSettings(name=name, partitions=1, replication_factor=1, config={}))
    return name


class TopicRecord(NamedTuple):
    """A record as it was read back."""

    partition: int
    key: bytes
    value: bytes | None


async def read_topic(bootstrap: str, topic: str, partitions: int) -> list[TopicRecord]:
    """Return every committed record of `topic`: up to its end and until nothing more comes.

    What is committed but cannot be read yet is waited for, an open transaction is as well. That nothing more comes is
    for the embedded broker, which tells ends that are too low.
    """
    pairs = [TopicPartition(topic, partition) for partition in range(partitions)]
    async with _consumer(bootstrap, "read_uncommitted") as consumer:
        ends = await consumer.end_offsets(pairs)
    async with _consumer(bootstrap, "read_committed") as consumer:
        consumer.assign(pairs)
        await consumer.seek_to_beginning(*pairs)
        return await _read_until(consumer, ends)


@asynccontextmanager
async def running_producer(bootstrap: str, **settings: Any) -> AsyncIterator[AIOKafkaProducer]:  # noqa: ANN401 - aiokafka's own
    """Start a producer for the block; one that was left open fails whichever test runs when it is collected."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, **settings)
    try:  # one that could not start must be stopped as well
        await producer.start()
        yield producer
    finally:
        await producer.stop()


@asynccontextmanager
async def _consumer(bootstrap: str, isolation: str) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level=isolation, enable_auto_commit=False)
    try:  # one that could not start must be stopped as well
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()


async def _read_until(consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> list[TopicRecord]:
    found: list[TopicRecord] = []
    deadline = time.monotonic() + _STALLED_SECONDS
    while True:
        polled = await consumer.getmany(timeout_ms=200)
        for pair, records in polled.items():
            found += [TopicRecord(pair.partition, record.key or b"", record.value) for record in records]
        if polled:
            deadline = time.monotonic() + _STALLED_SECONDS
        elif all([await consumer.position(pair) >= end for pair, end in ends.items()]):
            return found
        assert time.monotonic() < deadline, f"waited {_STALLED_SECONDS:.0f} s for more of {ends}"
