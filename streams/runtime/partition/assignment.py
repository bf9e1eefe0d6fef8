"""Open the partitions that the group assigns to this worker, and close those that it revokes.

A worker owns a partition number for all source topics, or not at all.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

from aiokafka import TopicPartition

from streams.runtime.kafka.records import RecordBatch
from streams.runtime.partition.partition import Partition
from streams.runtime.stats import WorkerStats

log = logging.getLogger(__name__)


def complete_partitions(
    assigned: Iterable[TopicPartition], topics: Iterable[str]
) -> tuple[frozenset[int], frozenset[int]]:
    """Return the partition numbers that are assigned for all `topics`, and those that are assigned for some only."""
    wanted = frozenset(topics)
    topics_by_number: dict[int, set[str]] = {}
    for topic_partition in assigned:
        if topic_partition.topic in wanted:
            topics_by_number.setdefault(topic_partition.partition, set()).add(topic_partition.topic)
    complete = frozenset(number for number, names in topics_by_number.items() if names == wanted)
    return complete, frozenset(topics_by_number) - complete


class PartitionAssignment:
    """The partitions of this worker and the tasks that run them.

    `make_partition` creates the partition of a number. `check_topics` returns the topics that can be read, and raises
    if none can. `on_failure` is called with an error, the first of which ends the process.
    """

    def __init__(
        self,
        make_partition: Callable[[int], Partition],
        check_topics: Callable[[], Awaitable[Iterable[str]]],
        stats: WorkerStats,
        on_failure: Callable[[BaseException], None],
    ) -> None:
        self._make_partition = make_partition
        self._check_topics = check_topics
        self._stats = stats
        self._on_failure = on_failure
        self._revocations = 0
        self._owned: dict[int, tuple[Partition, asyncio.Task[None]]] = {}
        self._closing: list[Partition] = []

    async def assign(self, assigned: Iterable[TopicPartition]) -> None:
        """Open the partitions that are assigned for every readable topic; log an error for the others."""
        revocations = self._revocations
        try:
            topics = await self._check_topics()
        except Exception as error:  # noqa: BLE001 - any error ends the process
            self._on_failure(error)
            return
        if revocations != self._revocations:
            return  # the group revoked this assignment during the check
        complete, partial = complete_partitions(assigned, topics)
        for number in sorted(partial):
            log.error("partition %d is not served: it is not assigned of every source topic", number)
        for number in sorted(complete - set(self._owned)):
            self._open_partition(number)
        self._stats.rebalances += 1
        self._stats.has_assignment = True

    def _open_partition(self, number: int) -> None:
        partition = self._make_partition(number)
        task = asyncio.create_task(partition.run(), name=f"partition-{number}")
        task.add_done_callback(self._partition_ended)
        self._owned[number] = (partition, task)
        self._stats.owned[number] = partition.stats

    async def revoke(self) -> None:
        """Close every partition: those that are served commit what they applied, those in restoration are cancelled."""
        self._revocations += 1
        self._stats.has_assignment = False
        owned, self._owned = self._owned, {}
        self._stats.owned.clear()
        self._closing = [partition for partition in self._closing if partition.uncommitted]
        self._closing += [partition for partition, _ in owned.values()]
        for partition, task in owned.values():
            if partition.is_serving:
                partition.close()
            else:
                task.cancel()
        await asyncio.gather(*(task for _, task in owned.values()), return_exceptions=True)

    def uncommitted(self) -> dict[int, int]:
        """Return how many records of each partition were applied and may not be committed."""
        partitions = (*self._closing, *(partition for partition, _ in self._owned.values()))
        return {partition.number: partition.uncommitted for partition in partitions}

    def enqueue(self, batch: RecordBatch) -> None:
        """Pass a batch to its partition; a batch of a partition that is not owned was fetched before a rebalance."""
        owner = self._owned.get(batch.topic_partition.partition)
        if owner is not None:
            owner[0].enqueue(batch)

    def _partition_ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            return
        if (error := task.exception()) is not None:
            self._on_failure(error)
            return
        for number, (partition, running) in list(self._owned.items()):
            if running is task and partition.should_reopen:
                self._open_partition(number)
