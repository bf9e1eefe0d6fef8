"""Deliver record batches to a Faust agent: one message per topic-partition and poll, its value a `RecordBatch`.

Faust handles the group, the assignment and the agent. The parts of Faust that cost time per record, or that rely on
committed offsets, are replaced here and in fetch_thread.py. The replaced parts are private: versions are pinned, and a
test compares their source.
"""

import asyncio
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar, Final, TypeVar

from aiokafka import TopicPartition
from aiokafka.errors import ConsumerStoppedError
from faust.transport.drivers.aiokafka import Consumer, Transport
from faust.types import TP
from typing_extensions import override

from streams.runtime.kafka.fetch_thread import FetchThread
from streams.runtime.kafka.records import LogEnd, RecordBatch

MAX_UNACKNOWLEDGED_BATCHES: Final = 2
"""How many batches of one topic-partition may be unacknowledged before its delivery pauses (back-pressure)."""

_IDLE_WAIT_SECONDS: Final = 0.05

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Envelope:
    """The attributes of a record that Faust reads, for a message whose value is a whole batch."""

    topic: str
    partition: int
    offset: int

    timestamp: ClassVar[None] = None
    timestamp_type: ClassVar[None] = None
    key: ClassVar[None] = None
    value: ClassVar[None] = None
    headers: ClassVar[tuple[()]] = ()
    checksum: ClassVar[None] = None
    serialized_key_size: ClassVar[int] = 0
    serialized_value_size: ClassVar[int] = 0


class RecordBatchConsumer(Consumer):
    """Deliver record batches of the started topic-partitions, up to `MAX_UNACKNOWLEDGED_BATCHES` of each."""

    _thread: FetchThread

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Faust's own
        super().__init__(*args, **kwargs)
        self.log_ends: dict[TopicPartition, LogEnd] = {}
        self.out_of_range: dict[TopicPartition, None] = {}
        self._seek_epochs: dict[TopicPartition, int] = {}
        self._unacknowledged: dict[TopicPartition, int] = {}
        self._paused: frozenset[TopicPartition] = frozenset()
        self._offsets_to_report: dict[TP, int] = {}
        self._changed = asyncio.Event()
        self._last_seek_epoch = 0
        app: Any = self.app  # a RecordBatchApp, whose module imports this one
        self._readable_topics: frozenset[str] | None = app.readable_topics
        self._is_subscribed = False

    @override
    async def subscribe(self, topics: Iterable[str]) -> None:
        """Subscribe to those of `topics` that can be read."""
        readable = self._readable_topics
        self._is_subscribed = True
        await super().subscribe([topic for topic in topics if readable is None or topic in readable])

    async def resubscribe(self, topics: frozenset[str]) -> None:
        """Subscribe to `topics` instead of the former ones; the group assigns all partitions again."""
        self._readable_topics = topics
        if self._is_subscribed:
            await self.subscribe(topics)

    @override
    def _new_consumer_thread(self) -> FetchThread:
        return FetchThread(self, loop=self.loop, beacon=self.beacon)

    @override
    async def perform_seek(self) -> None:
        """Do nothing: every partition seeks to the offsets of its checkpoint, not to those that the group committed."""

    async def start_delivery(self, topic_partition: TopicPartition, offset: int) -> None:
        """Deliver the topic-partition `topic_partition` from `offset` on; every batch must be acknowledged."""
        self._last_seek_epoch += 1
        self._seek_epochs[topic_partition] = self._last_seek_epoch
        self._unacknowledged[topic_partition] = 0
        self.log_ends.pop(topic_partition, None)
        self.out_of_range.pop(topic_partition, None)
        await self._run_in_thread(self._thread.start_fetching(topic_partition, offset, self._last_seek_epoch))
        self._changed.set()

    async def stop_delivery(self, topic_partition: TopicPartition) -> None:
        """Deliver nothing of `topic_partition` until its delivery is started again."""
        self._seek_epochs.pop(topic_partition, None)
        self._unacknowledged.pop(topic_partition, None)
        self._offsets_to_report.pop(TP(*topic_partition), None)
        self.out_of_range.pop(topic_partition, None)
        await self._run_in_thread(self._thread.stop_fetching(topic_partition))

    async def stop_all_deliveries(self) -> None:
        """Deliver nothing until deliveries are started again."""
        self._seek_epochs.clear()
        self._unacknowledged.clear()
        self._offsets_to_report.clear()
        self.log_ends.clear()
        self.out_of_range.clear()
        await self._run_in_thread(self._thread.stop_all_fetching())

    async def log_bounds(self, topic_partition: TopicPartition) -> tuple[int, int]:
        """Return where the log of `topic_partition` starts and ends."""
        return await self._run_in_thread(self._thread.log_bounds(topic_partition))

    def is_current(self, batch: RecordBatch) -> bool:
        """Return whether `batch` was fetched since the last seek of its topic-partition."""
        return self._seek_epochs.get(batch.topic_partition) == batch.seek_epoch

    def acknowledge(self, batch: RecordBatch) -> None:
        """Mark `batch` as applied, so that another batch of its topic-partition can be delivered."""
        if self.is_current(batch):
            self._unacknowledged[batch.topic_partition] -= 1
            self._changed.set()

    def report_offset(self, topic_partition: TopicPartition, offset: int) -> None:
        """Commit the offset of `topic_partition` to the group: it is for monitoring only, no worker resumes from it."""
        self._offsets_to_report[TP(*topic_partition)] = offset

    def pause(self, topic_partitions: frozenset[TopicPartition], number: int) -> None:
        """Pause `topic_partitions` of partition `number`, and resume its others."""
        paused = (
            frozenset(topic_partition for topic_partition in self._paused if topic_partition.partition != number)
            | topic_partitions
        )
        if paused != self._paused:
            self._paused = paused
            self._changed.set()

    @override
    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        return iter(tuple(self._offsets_to_report))

    @override
    def _filter_committable_offsets(self, tps: Iterable[TP]) -> dict[TP, int]:
        return {tp: self._offsets_to_report[tp] for tp in tps if self._should_commit(tp, self._offsets_to_report[tp])}

    @override
    async def _drain_messages(self, fetcher: Any) -> None:
        """Poll and deliver until stopped; replaces Faust's loop, which works record by record."""
        try:
            while not (self._stopped.is_set() or fetcher._stopped.is_set()):  # noqa: SLF001 - as Faust does
                if self.flow_active:
                    await self._deliver(self._deliverable())
                else:
                    await self._wait_for_change()
        except (ConsumerStoppedError, asyncio.CancelledError):
            if not self.app.should_stop:
                raise

    def _deliverable(self) -> list[TopicPartition]:
        waiting = self._unacknowledged.items()
        return [
            topic_partition
            for topic_partition, batches in waiting
            if batches < MAX_UNACKNOWLEDGED_BATCHES and topic_partition not in self._paused
        ]

    async def _deliver(self, wanted: list[TopicPartition]) -> None:
        if not wanted:
            await self._wait_for_change()
            return
        fetched = await self._run_in_thread(self._thread.poll(wanted, self._paused))
        self.log_ends = fetched.log_ends
        self.out_of_range.update(dict.fromkeys(fetched.out_of_range))
        for batch in fetched.batches:
            if self.is_current(batch):
                self._unacknowledged[batch.topic_partition] += 1
                message: Any = self._to_message(
                    TP(*batch.topic_partition), _Envelope(*batch.topic_partition, batch.end)
                )
                message.value = batch
                await self.callback(message)

    async def _wait_for_change(self) -> None:
        """Wait until a delivery may be possible, or until `_IDLE_WAIT_SECONDS` have passed."""
        self._changed.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), _IDLE_WAIT_SECONDS)

    async def _run_in_thread(self, work: Coroutine[Any, Any, T]) -> T:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._thread.thread_loop))


class RecordBatchTransport(Transport):
    """Faust's transport with `RecordBatchConsumer` as its consumer."""

    Consumer = RecordBatchConsumer
