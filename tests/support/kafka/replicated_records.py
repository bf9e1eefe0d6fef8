"""Records written to a topic with the assurance of every replica in sync, and read back."""

import asyncio
from collections.abc import Iterable
from contextlib import closing
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from kafka.admin import KafkaAdminClient

TIMEOUT_MS = 60_000


def create_topic(bootstrap: str, copies: int = -1) -> str:
    """Make a topic of one partition and return its name; -1 copies are as many as the broker's default."""
    name = f"brokers-{uuid4().hex[:8]}"
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        admin.create_topics({name: {"replication_factor": copies, "num_partitions": 1}}, wait_for_metadata=True)
    return name


async def write(bootstrap: str, topic: str, values: Iterable[bytes], patience_ms: int = TIMEOUT_MS) -> None:
    """Write records one after the other; raises KafkaError when one is not acknowledged within the patience."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", request_timeout_ms=patience_ms)
    try:  # one that could not start must be stopped as well
        await producer.start()
        for value in values:
            await producer.send_and_wait(topic, value, partition=0)
    finally:
        await producer.stop()


async def read(bootstrap: str, topic: str, expected: int) -> list[bytes]:
    """Return the first `expected` committed records of a topic; TimeoutError when there are fewer."""
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", isolation_level="read_committed"
    )
    try:
        await consumer.start()
        async with asyncio.timeout(TIMEOUT_MS / 1000):
            return [(await consumer.getone()).value or b"" for _ in range(expected)]
    finally:
        await consumer.stop()


def numbered_values(first: int, last: int) -> list[bytes]:
    """Return the values of the records from the first number up to the last, both included."""
    return [b"%d" % number for number in range(first, last + 1)]
