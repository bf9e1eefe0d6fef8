"""A link between tests and a broker that is cut and mended."""

import asyncio

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from tests.support.broker.apache import ApacheKafka
from tests.support.broker.faults.network_namespace import Namespace
from tests.support.kafka.replicated_records import make_topic, numbered, read, write

pytestmark = pytest.mark.slow


async def test_nothing_is_acknowledged_over_a_cut_link(far: ApacheKafka, link: Namespace) -> None:
    topic = make_topic(far.bootstrap)
    await write(far.bootstrap, topic, numbered(1, 1))

    link.cut()
    with pytest.raises(KafkaError):
        await write(far.bootstrap, topic, numbered(2, 2), patience_ms=2_000)
    link.mend()

    await write(far.bootstrap, topic, numbered(3, 3))
    assert await read(far.bootstrap, topic, 2) == [b"1", b"3"]


async def test_a_connection_outlives_a_short_cut_and_loses_nothing(far: ApacheKafka, link: Namespace) -> None:
    topic = make_topic(far.bootstrap)
    producer = AIOKafkaProducer(bootstrap_servers=far.bootstrap, enable_idempotence=True)
    await producer.start()
    try:
        await producer.send_and_wait(topic, b"1", partition=0)
        link.cut()
        waiting = await producer.send(topic, b"2", partition=0)
        _, unanswered = await asyncio.wait([waiting], timeout=2)
        link.mend()
        await waiting
    finally:
        await producer.stop()

    assert unanswered
    assert await read(far.bootstrap, topic, 2) == numbered(1, 2)
