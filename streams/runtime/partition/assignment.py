"""Which partitions this worker owns: opened on assignment, closed on revocation, all or nothing per number."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

from streams.runtime.kafka.records import RecordBatch, Slot
from streams.runtime.partition.partition import Partition
from streams.runtime.stats import Figures

log = logging.getLogger(__name__)


def whole(assigned: Iterable[Slot], topics: Iterable[str]) -> tuple[frozenset[int], frozenset[int]]:
    """Return the partition numbers of which every one of `topics` is assigned, and those of which only some are."""
    wanted = frozenset(topics)
    held: dict[int, set[str]] = {}
    for slot in assigned:
        if slot.topic in wanted:
            held.setdefault(slot.partition, set()).add(slot.topic)
    complete = frozenset(number for number, names in held.items() if names == wanted)
    return complete, frozenset(held) - complete


class Owners:
    """The partitions of this worker and the tasks that run them.

    `open_partition` makes the owner of a number; `look` returns the topics that can be read, and raises where none can;
    `failed` is told of the first error, which ends the process.
    """

    def __init__(
        self,
        open_partition: Callable[[int], Partition],
        look: Callable[[], Awaitable[Iterable[str]]],
        figures: Figures,
        failed: Callable[[BaseException], None],
    ) -> None:
        self._open = open_partition
        self._look = look
        self._figures = figures
        self._failed = failed
        self._revocations = 0
        self._owned: dict[int, tuple[Partition, asyncio.Task[None]]] = {}
        self._closing: list[Partition] = []

    async def assign(self, assigned: Iterable[Slot]) -> None:
        """Take the partitions that are wholly assigned, of the topics that can be read; name the others."""
        revocations = self._revocations
        try:
            topics = await self._look()
        except Exception as error:  # noqa: BLE001 - any error ends the process
            self._failed(error)
            return
        if revocations != self._revocations:
            return  # all of it was given up meanwhile
        complete, partial = whole(assigned, topics)
        for number in sorted(partial):
            log.error("partition %d is not served: it is not assigned of every source topic", number)
        for number in sorted(complete - set(self._owned)):
            self._take(number)
        self._figures.rebalances += 1
        self._figures.assigned = True

    def _take(self, number: int) -> None:
        partition = self._open(number)
        task = asyncio.create_task(partition.run(), name=f"partition-{number}")
        task.add_done_callback(self._ended)
        self._owned[number] = (partition, task)
        self._figures.owned[number] = partition.figures

    async def revoke(self) -> None:
        """Close every partition in order: what was applied is committed, what is still being restored is let go."""
        self._revocations += 1
        self._figures.assigned = False
        owned, self._owned = self._owned, {}
        self._figures.owned.clear()
        self._closing = [partition for partition in self._closing if partition.uncommitted]
        self._closing += [partition for partition, _ in owned.values()]
        for partition, task in owned.values():
            if partition.restored:
                partition.close()
            else:
                task.cancel()
        await asyncio.gather(*(task for _, task in owned.values()), return_exceptions=True)

    def uncommitted(self) -> dict[int, int]:
        """Return how many records of each partition were applied and are not known to be committed."""
        partitions = (*self._closing, *(partition for partition, _ in self._owned.values()))
        return {partition.number: partition.uncommitted for partition in partitions}

    def offer(self, batch: RecordBatch) -> None:
        """Hand a batch to the owner of its partition; one that comes for nobody was fetched before a rebalance."""
        owned = self._owned.get(batch.slot.partition)
        if owned is not None:
            owned[0].offer(batch)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            return
        if (error := task.exception()) is not None:
            self._failed(error)
            return
        for number, (partition, running) in list(self._owned.items()):
            if running is task and partition.again:
                self._take(number)
