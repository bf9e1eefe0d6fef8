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
from tests.support.broker.security.secured_kafka import SecuredKafka

TOPIC, PARTITIONS, RESTORES = "restored-behind-tls", 4, 2
# A closing that waits for the other side takes thirty seconds; not every one does.
WITHIN_SECONDS = 28.0


async def restore_partition(secured: SecuredKafka, number: int) -> int:
    """Take a partition and restore it as a worker does, and return how many records were read."""
    bootstrap, access = secured.listeners["secure"], secured.security_settings()
    journal = TransactionJournal(JournalTarget(bootstrap, TOPIC, TOPIC, number, 1 << 20, access), Failpoints())
    try:
        claim = await journal.claim()
        return (
            await read_changelog(bootstrap, TopicPartition(TOPIC, number), claim, Failpoints(), access)
        ).records_read
    finally:
        await journal.close()


async def restore_all(secured: SecuredKafka) -> list[int]:
    return await asyncio.gather(*(restore_partition(secured, number) for number in range(PARTITIONS)))


def test_a_partition_is_restored_as_soon_as_it_is_read(secured_kafka: SecuredKafka) -> None:
    with ClusterAdmin(secured_kafka.listeners["secure"], secured_kafka.security_settings()) as cluster:
        cluster.create_topic(TopicSettings(name=TOPIC, partitions=PARTITIONS, replication_factor=1, config={}))
    read: list[int] = []
    took = []

    for _ in range(RESTORES):
        began = time.monotonic()
        read += uvloop.run(restore_all(secured_kafka))
        took.append(time.monotonic() - began)

    assert all(read)
    assert max(took) < WITHIN_SECONDS
