"""A connection over TLS is closed by both sides, and uvloop gives the other one half a minute to say so."""

import asyncio
import time

import uvloop
from aiokafka import TopicPartition

from streams.admin.provisioning.cluster import ClusterAdmin
from streams.contract.topics import TopicSettings
from streams.runtime.failpoints import Failpoints
from streams.runtime.journal.journal import JournalTarget
from streams.runtime.journal.transactions import TransactionJournal
from streams.runtime.partition.takeover.restore import read_changelog
from tests.support.broker.security.secured_kafka import Secured

TOPIC, PARTITIONS, TIMES = "restored-behind-tls", 4, 2
# A closing that waits for the other side takes thirty seconds; not every one does.
WITHIN_SECONDS = 28.0


async def restored(secured: Secured, number: int) -> int:
    """Take a partition and restore it as a worker does, and return how many records were read."""
    bootstrap, access = secured.listeners["secure"], secured.access()
    journal = TransactionJournal(JournalTarget(bootstrap, TOPIC, TOPIC, number, 1 << 20, access), Failpoints())
    try:
        claim = await journal.claim()
        return (
            await read_changelog(bootstrap, TopicPartition(TOPIC, number), claim, Failpoints(), access)
        ).records_read
    finally:
        await journal.close()


async def all_restored(secured: Secured) -> list[int]:
    return await asyncio.gather(*(restored(secured, number) for number in range(PARTITIONS)))


def test_a_partition_is_restored_as_soon_as_it_is_read(secured: Secured) -> None:
    with ClusterAdmin(secured.listeners["secure"], secured.access()) as cluster:
        cluster.create_topic(TopicSettings(name=TOPIC, partitions=PARTITIONS, replication_factor=1, config={}))
    read: list[int] = []
    took = []

    for _ in range(TIMES):
        began = time.monotonic()
        read += uvloop.run(all_restored(secured))
        took.append(time.monotonic() - began)

    assert all(read)
    assert max(took) < WITHIN_SECONDS
