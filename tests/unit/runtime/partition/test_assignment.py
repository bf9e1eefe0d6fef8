"""Which partitions a worker serves of those that its group assigns."""

import asyncio
from typing import NoReturn

from aiokafka import TopicPartition

from streams.runtime.partition.assignment import PartitionAssignment, complete_partitions
from streams.runtime.stats import WorkerStats

TOPICS = ("a", "b")


def test_a_partition_is_served_only_when_every_topic_of_it_is_assigned() -> None:
    complete, partial = complete_partitions(
        [TopicPartition("a", 0), TopicPartition("b", 0), TopicPartition("a", 1)], TOPICS
    )

    assert complete == {0}
    assert partial == {1}


def test_a_topic_that_is_no_source_does_not_count() -> None:
    complete, partial = complete_partitions([TopicPartition("a", 0), TopicPartition("other", 0)], TOPICS)

    assert not complete
    assert partial == {0}


async def test_what_is_given_to_a_worker_that_stops_meanwhile_is_not_taken() -> None:
    looking, looked = asyncio.Event(), asyncio.Event()

    async def look() -> list[str]:
        looking.set()
        await looked.wait()
        return ["a"]

    def opened(number: int) -> NoReturn:
        raise AssertionError(f"partition {number} was opened")

    figures = WorkerStats()
    owners = PartitionAssignment(opened, look, figures, lambda _: None)
    assigning = asyncio.create_task(owners.assign([TopicPartition("a", 0)]))
    await looking.wait()

    await owners.revoke()
    looked.set()
    await assigning

    assert not figures.has_assignment
