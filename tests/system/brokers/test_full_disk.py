"""A disk that fills up stops a node, and costs nothing that was acknowledged."""

import asyncio

import pytest
from aiokafka.errors import KafkaError

from tests.support.broker.apache import ApacheKafka
from tests.support.broker.faults.small_disk import MEGABYTES, SmallDisk
from tests.support.kafka.replicated_records import create_topic, read, write
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

LARGE = b"x" * 900_000


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
    broker_on_small_disk: ApacheKafka, small_disk: SmallDisk
) -> None:
    topic = create_topic(broker_on_small_disk.bootstrap)

    acknowledged = await written_until_refused(broker_on_small_disk.bootstrap, topic)
    wait_until(lambda: not broker_on_small_disk.running, "the node to stop", broker_on_small_disk.output)
    small_disk.resize(2 * MEGABYTES)
    await asyncio.to_thread(broker_on_small_disk.start)

    assert len(acknowledged) > MEGABYTES / 2
    assert await read(broker_on_small_disk.bootstrap, topic, len(acknowledged)) == acknowledged
    await write(broker_on_small_disk.bootstrap, topic, [b"goes on"])
