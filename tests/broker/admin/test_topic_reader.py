"""A log that is opened while a transaction has not come to its end."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaProducer

from streams.admin.topic_reader import BrokerAddress, open_log
from tests.support.kafka.async_records import new_topic

WITHIN_SECONDS = 60.0


@pytest.fixture
def topic(apache_kafka: str) -> str:
    return new_topic(apache_kafka)


@pytest.fixture
async def writing(apache_kafka: str, topic: str) -> AsyncIterator[AIOKafkaProducer]:
    """A producer in the middle of a transaction: one record is written and not committed."""
    producer = AIOKafkaProducer(bootstrap_servers=apache_kafka, transactional_id=topic)
    try:
        await producer.start()
        await producer.begin_transaction()
        await producer.send_and_wait(topic, key=b"key", value=b"value", partition=0)
        yield producer
    finally:
        await producer.stop()


async def rows(bootstrap: str, topic: str, patience: float = WITHIN_SECONDS) -> dict[bytes, bytes]:
    async with open_log(BrokerAddress(bootstrap), topic, 0, patience) as log:
        return await log.rows()


async def test_what_is_written_and_cannot_be_read_yet_is_waited_for(
    apache_kafka: str, topic: str, writing: AIOKafkaProducer
) -> None:
    reading = asyncio.create_task(rows(apache_kafka, topic))
    await asyncio.wait([reading], timeout=1.0)

    await writing.commit_transaction()

    assert await asyncio.wait_for(reading, WITHIN_SECONDS) == {b"key": b"value"}


@pytest.mark.usefixtures("writing")
async def test_a_transaction_that_nobody_ends_does_not_keep_a_log_from_being_read(
    apache_kafka: str, topic: str
) -> None:
    assert await asyncio.wait_for(rows(apache_kafka, topic, patience=0.1), WITHIN_SECONDS) == {}
