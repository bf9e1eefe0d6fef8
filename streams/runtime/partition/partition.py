"""Process one partition: take it over, restore it, then apply and commit records in one task until it is closed."""

import asyncio
import logging
from contextlib import suppress
from typing import Final

from aiokafka.errors import KafkaError

from streams.runtime.journal.journal import FeedbackError
from streams.runtime.kafka.records import RecordBatch
from streams.runtime.partition.batch_queue import BatchQueue, BatchSlice
from streams.runtime.partition.commits.committer import Committer
from streams.runtime.partition.context import PartitionContext
from streams.runtime.partition.loop_time import loop_time
from streams.runtime.partition.processor import PartitionProcessor
from streams.runtime.partition.source_topics import SourceTopics
from streams.runtime.partition.takeover.starting_point import starting_point
from streams.runtime.partition.takeover.takeover import SourceTopicError, check_sources, log_restored, take_over
from streams.runtime.stats import PartitionState, PartitionStats

log = logging.getLogger(__name__)

_TICK_SECONDS: Final = 0.25


class Partition:
    """One partition of all source topics, from claim to close. Start `run` as a task; `close` stops it with a commit.

    `should_reopen` says, after the end, that the partition has to be taken over again, since its readable topics or its
    feedback topics have changed.
    """

    def __init__(self, number: int, context: PartitionContext) -> None:
        self.number = number
        self.stats = PartitionStats(last_progress=context.wall_clock())
        self.should_reopen = False
        self._context = context
        self._journal = context.make_journal(number)
        self._queue = BatchQueue(
            context.dependencies.registry.filing_topics(), self._journal.max_records, context.related_topics
        )
        self._processor = PartitionProcessor(
            context.dependencies.make_ledger(number), context.dependencies.decoder, self._journal.max_records
        )
        self._sources = SourceTopics(number, context)
        self._committer = Committer(context, self._journal, self._processor, self._sources, self.stats)
        self._wake_up = asyncio.Event()
        self._is_closing = False

    @property
    def uncommitted(self) -> int:
        """How many records were applied and may not be committed."""
        return self._processor.uncommitted_records + self._committer.committing_records

    @property
    def is_serving(self) -> bool:
        """Whether the partition is restored and applies records."""
        return self.stats.state is PartitionState.SERVING

    def enqueue(self, batch: RecordBatch) -> None:
        """Queue a batch; the transport limits the number of unacknowledged batches of a topic."""
        if batch.topic_partition.topic not in self._sources.topic_partitions:
            return  # fetched before its platform was suspended
        self._queue.enqueue(batch)
        if batch.topic_partition.topic not in self._sources.backlogged:
            self._context.fair_scheduler.prioritise(self.number)
        self._wake_up.set()

    def close(self) -> None:
        """Ask `run` to finish its current batch, commit, and return."""
        self._is_closing = True
        self._wake_up.set()

    async def run(self) -> None:
        """Take the partition over, restore it, and apply records until it is closed; errors end the ownership."""
        try:
            await self._take_over()
            while not self._is_closing:
                await self._step()
                await self._recheck_sources()
            if self._committer.has_uncommitted:
                await self._commit()
        except FeedbackError as error:
            await self._context.check_feedback_topics()
            self._context.feedback_topics.add_failure(error.topic, error.reason)
            self.should_reopen = True
        finally:
            self.stats.state = PartitionState.CLOSED
            await self._journal.close()

    async def _take_over(self) -> None:
        context, sources, started = self._context, self._sources, loop_time()
        takeover = await take_over(context, self.number, self._journal, self._processor.ledger)
        logs = await check_sources(context, self.number, takeover.checkpoint)
        self.stats.suspended_platforms = await sources.suspend_faulty(logs.faults)
        self._queue.clear()  # its batches were fetched for the former owner
        start = starting_point(context, takeover.checkpoint, sources.topic_partitions)
        sources.start(start.suspended_offsets, takeover.checkpoint.lost_records)
        self._processor.start(start)
        for topic in sources.topic_partitions:
            await self._seek(topic, logs.bounds[topic])
        self._committer.start(takeover)
        context.failpoints.hit("after_seek")
        self.stats.state = PartitionState.SERVING
        self.stats.last_progress = context.wall_clock()
        self.stats.restore_seconds = loop_time() - started
        self.stats.restored_rows = takeover.rows
        log_restored(context.stats)
        log.debug(
            "partition %d: restored %d rows from %d records, read in %.1f s, loaded in %.1f s",
            self.number,
            takeover.rows,
            takeover.records,
            takeover.read_seconds,
            takeover.load_seconds,
        )

    async def _seek(self, topic: str, bounds: tuple[int, int] | None = None) -> None:
        """Fetch `topic` from its next offset on; records that are lost are skipped with the next commit."""
        offsets = self._processor.next_offsets
        offsets[topic], lost = await self._sources.seek(topic, offsets.get(topic), bounds)
        if lost:
            self._committer.has_uncommitted = True

    async def _recheck_sources(self) -> None:
        """Close, to be taken over again, after a fault of this partition alone, or of a feedback topic, has ended.

        A new owner is needed for a feedback topic, since a producer identifies a topic by name and would continue its
        sequence numbers in a recreated topic.
        """
        if self._committer.can_resume_feedback():
            self._close_to_reopen()
            return
        with suppress(KafkaError):  # a broker that does not answer proves nothing
            if await self._sources.have_changed(self._committer.checkpoint):
                self._close_to_reopen()

    def _close_to_reopen(self) -> None:
        self.should_reopen = self._is_closing = True

    async def _step(self) -> None:
        for topic in self._sources.out_of_range():
            try:
                await self._seek(topic)
            except SourceTopicError:  # the next owner finds the same fault and suspends the platform
                self._close_to_reopen()
                return
        has_due_work = self._processor.has_due_work
        can_process = not (self._is_closing or has_due_work)
        if not (can_process and await self._process_next()) and not has_due_work:
            await self._wait_for_work()
        self._advance_time()
        if self._processor.has_due_work or self._committer.is_due():
            await self._commit()

    async def _commit(self) -> None:
        self._queue.drop_topics(await self._committer.commit())

    async def _process_next(self) -> bool:
        """Apply the next slice, in a fair turn if its topic has a backlog; return whether records were applied."""
        sources = self._sources
        if sources.backlogged and self._queue and len(sources.backlogged) < len(sources.topic_partitions):
            return await self._context.fair_scheduler.run(self.number, self._process_and_prepare) > 0
        if not await self._process_up_to(self._journal.max_records):
            return False
        await asyncio.sleep(0)  # let other partitions, the fetcher and the health page run
        return True

    async def _process_and_prepare(self, max_records: int) -> int:
        applied = await self._process_up_to(max_records)
        self._processor.prepare_changes()
        return applied

    async def _process_up_to(self, max_records: int) -> int:
        """Apply the next slice of up to `max_records` records, and return how many it has."""
        batch_slice = self._queue.next_slice(
            self._processor.partition_clock.applied_through(),
            self._sources.topics_with_more(self._processor.next_offsets),
            max_records,
        )
        if batch_slice is None:
            return 0
        await self._process(batch_slice)
        return len(batch_slice.batch.records)

    async def _wait_for_work(self) -> None:
        """Wait for a batch, for the time of the next commit, or for the next check of the clock."""
        self._wake_up.clear()
        wait = _TICK_SECONDS
        if self._committer.has_uncommitted:
            wait = min(wait, max(self._committer.remaining_seconds(), 0.001))
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake_up.wait(), wait)

    async def _process(self, batch_slice: BatchSlice) -> None:
        context, batch = self._context, batch_slice.batch
        topic = batch.topic_partition.topic
        if not context.source.is_current(batch):
            return
        if not self._processor.is_contiguous(batch):
            log.warning(
                "partition %d: expected a batch of %s that continues at the next offset, got a later one: seeking again",
                self.number,
                topic,
            )
            await self._seek(topic)
            return
        if self._committer.declared_rows.needs_record and batch.records:
            self._committer.declared_rows.observe_record(batch.records[0].timestamp)
        rest = self._processor.process(batch, context.wall_clock())
        context.failpoints.hit("after_apply")
        self._committer.has_uncommitted = True
        self._committer.commit_soon = self._committer.commit_soon or topic not in self._sources.backlogged
        self._sources.mark_read(topic)
        if rest is not None:
            self._queue.put_back(batch_slice, rest)
        elif batch_slice.is_last:
            context.source.acknowledge(batch)
        self.stats.last_progress = context.wall_clock()

    def _advance_time(self) -> None:
        """Advance log time by the topics that are read to their ends, and pause topics that are too far ahead."""
        context, processor, sources = self._context, self._processor, self._sources
        now = context.wall_clock()
        log_ends = sources.observe_log_ends(processor.next_offsets, now, self._committer.clock_offset.ahead_ms)
        processor.partition_clock.confirm_heads(log_ends.end_times)
        if processor.advance():
            self._committer.has_uncommitted = True
        context.source.pause(
            frozenset(sources.topic_partitions[topic] for topic in processor.partition_clock.topics_too_far_ahead()),
            self.number,
        )
        self.stats.log_time = processor.partition_clock.now
        if log_ends.lag is not None:
            self.stats.lag = log_ends.lag
        if len(log_ends.end_times) == len(sources.topic_partitions):
            self.stats.last_progress, self.stats.lag = now, 0
