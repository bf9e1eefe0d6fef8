"""A node that is stopped, paused and started again is the same node: its data, its port."""

import asyncio

import pytest
from aiokafka.errors import KafkaError

from tests.support.broker.apache import ApacheKafka
from tests.support.kafka.replicated_records import create_topic, numbered_values, read, write


async def test_a_node_that_was_stopped_comes_back_with_its_records(stoppable_apache_kafka: ApacheKafka) -> None:
    address = stoppable_apache_kafka.bootstrap
    topic = create_topic(address)
    await write(address, topic, numbered_values(1, 10))

    await asyncio.to_thread(stoppable_apache_kafka.stop)
    stopped = stoppable_apache_kafka.running
    await asyncio.to_thread(stoppable_apache_kafka.start)
    await write(address, topic, numbered_values(11, 20))

    assert not stopped
    assert stoppable_apache_kafka.bootstrap == address
    assert await read(address, topic, 20) == numbered_values(1, 20)


@pytest.mark.slow  # a node that died is taken in again when its last life is over for its controller, some 6 s later
async def test_a_node_that_was_killed_comes_back_with_its_records(stoppable_apache_kafka: ApacheKafka) -> None:
    address = stoppable_apache_kafka.bootstrap
    topic = create_topic(address)
    await write(address, topic, numbered_values(1, 10))

    stoppable_apache_kafka.kill()
    await asyncio.to_thread(stoppable_apache_kafka.start)

    assert await read(address, topic, 10) == numbered_values(1, 10)


async def test_a_paused_node_answers_nothing_until_it_continues(stoppable_apache_kafka: ApacheKafka) -> None:
    address = stoppable_apache_kafka.bootstrap
    topic = create_topic(address)

    stoppable_apache_kafka.pause()
    try:
        with pytest.raises((KafkaError, TimeoutError)):
            await asyncio.wait_for(write(address, topic, numbered_values(1, 1), patience_ms=500), 1.0)
    finally:
        stoppable_apache_kafka.resume()
    await write(address, topic, numbered_values(2, 2))

    assert stoppable_apache_kafka.running
    assert (await read(address, topic, 1))[0] in numbered_values(1, 2)


@pytest.mark.slow
async def test_a_paused_node_can_be_stopped(stoppable_apache_kafka: ApacheKafka) -> None:
    stoppable_apache_kafka.pause()

    await asyncio.to_thread(stoppable_apache_kafka.stop)

    assert not stoppable_apache_kafka.running
    await asyncio.to_thread(stoppable_apache_kafka.start)
