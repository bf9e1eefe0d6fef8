"""A disk that fills up stops a node, and costs nothing that was acknowledged."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka.errors import KafkaError

from tests.brokers.apache import ApacheKafka, apache_kafka
from tests.brokers.jars import BrokerUnavailableError
from tests.brokers.records import make_topic, read, write
from tests.brokers.small_disk import DiskUnavailableError, SmallDisk, small_disk
from tests.chain.waiting import until
from tests.required import missing

pytestmark = [pytest.mark.integration, pytest.mark.slow]

LARGE = b"x" * 900_000
MEGABYTES = 24


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    try:
        with small_disk(tmp_path, MEGABYTES) as made:
            yield made
    except DiskUnavailableError as reason:
        missing("root", str(reason))


@pytest.fixture
def node(disk: SmallDisk) -> Iterator[ApacheKafka]:
    try:
        with apache_kafka(log=disk.path) as made:
            yield made
    except BrokerUnavailableError as reason:
        missing("apache-kafka", str(reason))


async def written_until_refused(bootstrap: str, topic: str) -> list[bytes]:
    acknowledged: list[bytes] = []
    for number in range(2 * MEGABYTES):
        value = b"%d" % number + LARGE
        try:
            await write(bootstrap, topic, [value], patience_ms=3_000)
        except KafkaError:
            return acknowledged
        acknowledged.append(value)
    raise AssertionError(f"expected a refusal on a disk of {MEGABYTES} MB, {len(acknowledged)} MB were accepted")


async def test_a_node_stops_when_its_disk_is_full_and_keeps_what_it_acknowledged(
    node: ApacheKafka, disk: SmallDisk
) -> None:
    topic = make_topic(node.bootstrap)

    acknowledged = await written_until_refused(node.bootstrap, topic)
    until(lambda: not node.running, "the node to stop", node.said)
    disk.resize(2 * MEGABYTES)
    await asyncio.to_thread(node.start)

    assert len(acknowledged) > MEGABYTES / 2
    assert await read(node.bootstrap, topic, len(acknowledged)) == acknowledged
    await write(node.bootstrap, topic, [b"goes on"])
