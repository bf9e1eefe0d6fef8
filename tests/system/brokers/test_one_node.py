"""A node that is stopped, paused and started again is the same node: its data, its port."""

import asyncio

import pytest
from aiokafka.errors import KafkaError

from tests.support.broker.apache import ApacheKafka
from tests.support.kafka.replicated_records import make_topic, numbered, read, write


async def test_a_node_that_was_stopped_comes_back_with_its_records(apache_kafka_server: ApacheKafka) -> None:
    address = apache_kafka_server.bootstrap
    topic = make_topic(address)
    await write(address, topic, numbered(1, 10))

    await asyncio.to_thread(apache_kafka_server.stop)
    stopped = apache_kafka_server.running
    await asyncio.to_thread(apache_kafka_server.start)
    await write(address, topic, numbered(11, 20))

    assert not stopped
    assert apache_kafka_server.bootstrap == address
    assert await read(address, topic, 20) == numbered(1, 20)


@pytest.mark.slow  # a node that died is taken in again when its last life is over for its controller, some 6 s later
async def test_a_node_that_was_killed_comes_back_with_its_records(apache_kafka_server: ApacheKafka) -> None:
    address = apache_kafka_server.bootstrap
    topic = make_topic(address)
    await write(address, topic, numbered(1, 10))

    apache_kafka_server.kill()
    await asyncio.to_thread(apache_kafka_server.start)

    assert await read(address, topic, 10) == numbered(1, 10)


async def test_a_paused_node_answers_nothing_until_it_goes_on(apache_kafka_server: ApacheKafka) -> None:
    address = apache_kafka_server.bootstrap
    topic = make_topic(address)

    apache_kafka_server.pause()
    try:
        with pytest.raises((KafkaError, TimeoutError)):
            await asyncio.wait_for(write(address, topic, numbered(1, 1), patience_ms=500), 1.0)
    finally:
        apache_kafka_server.resume()
    await write(address, topic, numbered(2, 2))

    assert apache_kafka_server.running
    assert (await read(address, topic, 1))[0] in numbered(1, 2)


@pytest.mark.slow
async def test_a_paused_node_can_be_stopped(apache_kafka_server: ApacheKafka) -> None:
    apache_kafka_server.pause()

    await asyncio.to_thread(apache_kafka_server.stop)

    assert not apache_kafka_server.running
    await asyncio.to_thread(apache_kafka_server.start)
