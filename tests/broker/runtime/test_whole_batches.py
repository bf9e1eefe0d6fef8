"""Whole record batches hold what a consumer hands over one by one, on a real broker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from streams.runtime.kafka.whole_batches import deliver_whole_batches, poll_batches
from tests.support.kafka.async_records import new_topic

IN_A_BATCH = 20


@pytest.fixture
def topic_partition(apache_kafka: str) -> TopicPartition:
    return TopicPartition(new_topic(apache_kafka), 0)


@asynccontextmanager
async def reading(broker: str, topic_partition: TopicPartition) -> AsyncIterator[AIOKafkaConsumer]:
    """Read a topic's only partition from its start, committed records alone."""
    async with AIOKafkaConsumer(bootstrap_servers=broker, isolation_level="read_committed") as consumer:
        consumer.assign([topic_partition])
        await consumer.seek_to_beginning(topic_partition)
        yield consumer


async def write_transactions(broker: str, topic_partition: TopicPartition, transactions: str) -> None:
    """Write a batch in each of some transactions, which commit where there is a `c` and are aborted where not."""
    async with AIOKafkaProducer(
        bootstrap_servers=broker, transactional_id=topic_partition.topic, linger_ms=1_000
    ) as producer:
        for number, end in enumerate(transactions):
            await producer.begin_transaction()
            for place in range(IN_A_BATCH):
                value = None if place % 5 == 0 else b"%d" % place
                await producer.send(topic_partition.topic, key=b"%d|%d" % (number, place), value=value, partition=0)
            await (producer.commit_transaction() if end == "c" else producer.abort_transaction())


async def seek_to(broker: str, topic_partition: TopicPartition, offset: int) -> None:
    """Let a log start there."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    try:
        await admin.delete_records({topic_partition: RecordsToDelete(before_offset=offset)})
    finally:
        await admin.close()


def record_content(records: list[Any]) -> list[tuple[int, bytes, bytes | None]]:
    """Return what tells records apart."""
    return [(record.offset, record.key, record.value) for record in records]


async def test_whole_batches_hold_the_committed_records_from_the_start_of_the_log_on(
    apache_kafka: str, topic_partition: TopicPartition
) -> None:
    await write_transactions(apache_kafka, topic_partition, "cacac")
    await seek_to(apache_kafka, topic_partition, IN_A_BATCH // 2)
    expected = IN_A_BATCH // 2 + 2 * IN_A_BATCH

    async with reading(apache_kafka, topic_partition) as consumer:
        alone = [await consumer.getone() for _ in range(expected)]
    async with reading(apache_kafka, topic_partition) as consumer:
        deliver_whole_batches(consumer)
        batches: list[list[Any]] = []
        ends = []
        while sum(map(len, batches)) < expected:
            for batch in await poll_batches(consumer):
                batches.append(batch.records())
                ends.append(batch.offset)
        assert not await poll_batches(consumer)
        position = await consumer.position(topic_partition)

    assert [record_content(batch) for batch in batches] == [
        record_content(alone[:10]),
        record_content(alone[10:30]),
        record_content(alone[30:]),
    ]
    assert ends == [batch[-1].offset for batch in batches]
    assert position == 5 * (IN_A_BATCH + 1), "what a consumer would read next lies behind the last transaction's end"
