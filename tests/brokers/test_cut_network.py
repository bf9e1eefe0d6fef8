"""A link between tests and a broker that is cut and mended."""

import asyncio
from collections.abc import Iterator

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from tests.brokers.apache import ApacheKafka, apache_kafka
from tests.brokers.jars import BrokerUnavailableError
from tests.brokers.namespace import Namespace, NamespaceUnavailableError, namespace
from tests.brokers.records import make_topic, numbered, read, write
from tests.required import missing

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.fixture
def link() -> Iterator[Namespace]:
    try:
        with namespace() as made:
            yield made
    except NamespaceUnavailableError as reason:
        missing("root", str(reason))


@pytest.fixture
def node(link: Namespace) -> Iterator[ApacheKafka]:
    try:
        with apache_kafka(host=link.host, enter=link.enter) as made:
            yield made
    except BrokerUnavailableError as reason:
        missing("apache-kafka", str(reason))


async def test_nothing_is_acknowledged_over_a_cut_link(node: ApacheKafka, link: Namespace) -> None:
    topic = make_topic(node.bootstrap)
    await write(node.bootstrap, topic, numbered(1, 1))

    link.cut()
    with pytest.raises(KafkaError):
        await write(node.bootstrap, topic, numbered(2, 2), patience_ms=2_000)
    link.mend()

    await write(node.bootstrap, topic, numbered(3, 3))
    assert await read(node.bootstrap, topic, 2) == [b"1", b"3"]


async def test_a_connection_outlives_a_short_cut_and_loses_nothing(node: ApacheKafka, link: Namespace) -> None:
    topic = make_topic(node.bootstrap)
    producer = AIOKafkaProducer(bootstrap_servers=node.bootstrap, enable_idempotence=True)
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
    assert await read(node.bootstrap, topic, 2) == numbered(1, 2)
