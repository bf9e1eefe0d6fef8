"""What three nodes promise and one cannot: records outlive a node, and leaders move."""

import asyncio
import gc
from collections.abc import Iterator
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, NotEnoughReplicasError

from tests.support.broker.cluster import ApacheCluster
from tests.support.kafka.replicas import move_leader, read_replicas, wait_until_in_sync
from tests.support.kafka.replicated_records import create_topic, numbered_values, read, write

pytestmark = [
    pytest.mark.slow,
    # kafka-python leaves the sockets of refused connections to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

ALL = frozenset({1, 2, 3})
COORDINATORS = "__transaction_state"


@pytest.fixture(autouse=True)
def _no_socket_outlives_its_test() -> Iterator[None]:
    yield
    gc.collect()


async def test_a_topic_accepts_records_when_one_of_three_nodes_is_killed(three_brokers: ApacheCluster) -> None:
    topic = create_topic(three_brokers.bootstrap)
    leader = wait_until_in_sync(three_brokers.bootstrap, topic, ALL).leader
    await write(three_brokers.bootstrap, topic, numbered_values(1, 50))

    three_brokers.nodes[leader].kill()
    await write(three_brokers.bootstrap, topic, numbered_values(51, 100))

    assert wait_until_in_sync(three_brokers.bootstrap, topic, ALL - {leader}).leader in ALL - {leader}
    assert await read(three_brokers.bootstrap, topic, 100) == numbered_values(1, 100)


async def test_a_topic_refuses_records_when_two_of_three_nodes_are_killed(three_brokers: ApacheCluster) -> None:
    topic = create_topic(three_brokers.bootstrap)
    leader = wait_until_in_sync(three_brokers.bootstrap, topic, ALL).leader
    await write(three_brokers.bootstrap, topic, numbered_values(1, 50))

    # The one that is left leads; without a second controller the others stay in sync on paper.
    for number in ALL - {leader}:
        three_brokers.nodes[number].kill()

    with pytest.raises(KafkaError):
        await write(three_brokers.nodes[leader].bootstrap, topic, numbered_values(51, 51), patience_ms=3_000)
    await asyncio.to_thread(three_brokers.start)
    await write(three_brokers.bootstrap, topic, numbered_values(52, 52))
    assert (await read(three_brokers.bootstrap, topic, 51))[:50] == numbered_values(1, 50)


async def test_a_topic_of_two_copies_says_that_one_is_not_enough(three_brokers: ApacheCluster) -> None:
    topic = create_topic(three_brokers.bootstrap, copies=2)
    copies = read_replicas(three_brokers.bootstrap, topic)
    (follower,) = set(copies.replica_ids) - {copies.leader}

    three_brokers.nodes[follower].kill()
    wait_until_in_sync(three_brokers.bootstrap, topic, {copies.leader})

    with pytest.raises(NotEnoughReplicasError):
        await write(three_brokers.bootstrap, topic, numbered_values(1, 1), patience_ms=3_000)


async def test_a_killed_node_catches_up_after_its_start(three_brokers: ApacheCluster) -> None:
    topic = create_topic(three_brokers.bootstrap)
    leader = wait_until_in_sync(three_brokers.bootstrap, topic, ALL).leader
    late = min(ALL - {leader})
    three_brokers.nodes[late].kill()
    await write(three_brokers.bootstrap, topic, numbered_values(1, 200))

    await asyncio.to_thread(three_brokers.start)
    wait_until_in_sync(three_brokers.bootstrap, topic, ALL)
    await asyncio.to_thread(move_leader, three_brokers.bootstrap, topic, late)

    assert read_replicas(three_brokers.bootstrap, topic).leader == late
    assert await read(three_brokers.bootstrap, topic, 200) == numbered_values(1, 200)


@pytest.mark.parametrize("moved", ["records", "coordinator"])
async def test_a_transaction_outlives_a_move_of_its_leader(three_brokers: ApacheCluster, moved: str) -> None:
    topic = create_topic(three_brokers.bootstrap)
    producer = AIOKafkaProducer(
        bootstrap_servers=three_brokers.bootstrap, transactional_id=f"moved-{uuid4().hex[:8]}", acks="all"
    )
    await producer.start()
    try:
        async with producer.transaction():
            await producer.send_and_wait(topic, b"before", partition=0)
            led = topic if moved == "records" else COORDINATORS
            leader = wait_until_in_sync(three_brokers.bootstrap, led, ALL).leader
            await asyncio.to_thread(move_leader, three_brokers.bootstrap, led, min(ALL - {leader}))
            await producer.send_and_wait(topic, b"after", partition=0)
    finally:
        await producer.stop()

    assert read_replicas(three_brokers.bootstrap, led).leader != leader
    assert await read(three_brokers.bootstrap, topic, 2) == [b"before", b"after"]
