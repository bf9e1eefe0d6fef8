"""A link between tests and a broker that is cut and mended."""

import asyncio

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from tests.support.broker.apache import ApacheKafka
from tests.support.broker.faults.network_namespace import NetworkNamespace
from tests.support.kafka.replicated_records import create_topic, numbered_values, read, write

pytestmark = pytest.mark.slow


async def test_nothing_is_acknowledged_over_a_cut_link(
    broker_behind_link: ApacheKafka, network_namespace: NetworkNamespace
) -> None:
    topic = create_topic(broker_behind_link.bootstrap)
    await write(broker_behind_link.bootstrap, topic, numbered_values(1, 1))

    network_namespace.cut()
    with pytest.raises(KafkaError):
        await write(broker_behind_link.bootstrap, topic, numbered_values(2, 2), patience_ms=2_000)
    network_namespace.restore()

    await write(broker_behind_link.bootstrap, topic, numbered_values(3, 3))
    assert await read(broker_behind_link.bootstrap, topic, 2) == [b"1", b"3"]


async def test_a_connection_outlives_a_short_cut_and_loses_nothing(
    broker_behind_link: ApacheKafka, network_namespace: NetworkNamespace
) -> None:
    topic = create_topic(broker_behind_link.bootstrap)
    producer = AIOKafkaProducer(bootstrap_servers=broker_behind_link.bootstrap, enable_idempotence=True)
    await producer.start()
    try:
        await producer.send_and_wait(topic, b"1", partition=0)
        network_namespace.cut()
        waiting = await producer.send(topic, b"2", partition=0)
        _, unanswered = await asyncio.wait([waiting], timeout=2)
        network_namespace.restore()
        await waiting
    finally:
        await producer.stop()

    assert unanswered
    assert await read(broker_behind_link.bootstrap, topic, 2) == numbered_values(1, 2)
