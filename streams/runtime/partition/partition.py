"""Process one partition: take it over, restore it, then apply and commit records in one task until it is closed."""

import asyncio
import logging
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from streams.contract.outputs.measures import PartitionStatus
from streams.runtime.journal.checkpoint import Checkpoint, TopicOffset, suspended_offset
from streams.runtime.journal.guarded_commit import commit_checking_feedback
from streams.runtime.journal.journal import FeedbackError
from streams.runtime.kafka.records import RecordBatch
from streams.runtime.partition.batch_queue import BatchQueue, BatchSlice
from streams.runtime.partition.clock_offset import ClockOffset
from streams.runtime.partition.commits.build_commit import IntervalChanges, build_commit
from streams.runtime.partition.commits.feedback import Feedback
from streams.runtime.partition.commits.suspension import (
    Rows,
    SuspendedPlatforms,
    encode_updates,
    oversized_platforms,
    without_platforms,
)
from streams.runtime.partition.context import PartitionContext
from streams.runtime.partition.processor import PartitionProcessor, ReadProgress
from streams.runtime.partition.takeover.starting_point import starting_point
from streams.runtime.partition.takeover.takeover import SourceTopicError, check_sources, log_restored, seek, take_over
from streams.runtime.stats import PartitionState, PartitionStats
from streams.runtime.topic_checks.source_faults import (
    CHECK_INTERVAL_SECONDS,
    SourceFault,
    suspension_message,
    with_related_topics,
)

log = logging.getLogger(__name__)

_TICK_SECONDS: Final = 0.25
_STATUS_INTERVAL_MS: Final = 5_000
_LOG_END_VALID_MS: Final = 5_000
_WAIT_FOR_FILINGS_SECONDS: Final = 5.0
"""How long actions wait for filings that do not arrive: a broker may be slow, or withhold an open transaction."""
_BACKLOG_RECORDS: Final = 2_000
_BACKLOG_COMMIT_INTERVAL_MS: Final = 1_000
"""The commit interval while more than `_BACKLOG_RECORDS` remain: their results are late, and fewer commits cost less."""


def _loop_time() -> float:
    """Return the event loop's time in seconds, for durations."""
    return asyncio.get_running_loop().time()


class Partition:
    """One partition of all source topics, from claim to close. Start `run` as a task; `close` stops it with a commit.

    `should_reopen` says, after the end, that the partition has to be taken over again, since its readable topics or its
    feedback topics have changed.
    """

    def __init__(self, number: int, context: PartitionContext) -> None:
        self.number = number
        self.stats = PartitionStats(last_progress=context.wall_clock())
        self._context = context
        self.should_reopen = False
        self._topic_partitions = {topic: TopicPartition(topic, number) for topic in context.source_topic_ids}
        self._journal = context.make_journal(number)
        self._queue = BatchQueue(context.filing_topics, self._journal.max_records, context.related_topics)
        self._wake_up = asyncio.Event()
        self._is_closing = False
        self._processor = PartitionProcessor(context.make_ledger(number), context.decoder, self._journal.max_records)
        self._feedback = Feedback(number, context.feedback_topics.platforms)
        self._platforms_without_feedback: frozenset[str] = frozenset()
        self._suspended_offsets: dict[str, TopicOffset] = {}
        self._suspended = SuspendedPlatforms(number, context.platforms_by_topic, context.related_topics)
        self._source_faults: Mapping[str, SourceFault] = {}
        self._checked_at = 0.0
        self._lost_records = self._commit_count = 0
        self._clock_offset = ClockOffset()
        self._last_read_at: dict[str, float] = {}
        self._backlogged: frozenset[str] = frozenset()
        self._commit_soon = False
        self._committed_checkpoint = Checkpoint()
        self._committed_at = 0.0
        self._has_uncommitted = False
        self._committing_records = 0

    @property
    def uncommitted(self) -> int:
        """How many records were applied and may not be committed."""
        return self._processor.uncommitted_records + self._committing_records

    @property
    def is_serving(self) -> bool:
        """Whether the partition is restored and applies records."""
        return self.stats.state is PartitionState.SERVING

    def enqueue(self, batch: RecordBatch) -> None:
        """Queue a batch; the transport limits the number of unacknowledged batches of a topic."""
        if batch.topic_partition.topic not in self._topic_partitions:
            return  # fetched before its platform was suspended
        self._queue.enqueue(batch)
        if batch.topic_partition.topic not in self._backlogged:
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
            if self._has_uncommitted:
                await self._commit()
        except FeedbackError as error:
            await self._context.check_feedback_topics()
            self._context.feedback_topics.add_failure(error.topic, error.reason)
            self.should_reopen = True
        finally:
            self.stats.state = PartitionState.CLOSED
            await self._journal.close()

    async def _take_over(self) -> None:
        context, started = self._context, _loop_time()
        takeover = await take_over(context, self.number, self._journal, self._processor.ledger)
        self._clock_offset = takeover.clock_offset
        self._feedback.update_counters(takeover.other_rows)
        logs = await check_sources(context, self.number, takeover.checkpoint)
        await self._suspend_sources(logs.faults)
        self._resume_from(takeover.checkpoint)
        for topic in self._topic_partitions:
            await self._seek(topic, logs.bounds[topic])
        self._committed_checkpoint = self._checkpoint()
        context.failpoints.hit("after_seek")
        self.stats.state = PartitionState.SERVING
        self.stats.last_progress = context.wall_clock()
        self.stats.restore_seconds = _loop_time() - started
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

    async def _suspend_sources(self, faults: Mapping[str, SourceFault]) -> None:
        """Suspend the topics that cannot be read, with their related topics."""
        context = self._context
        self._source_faults, self._checked_at = faults, _loop_time()
        suspended_topics = with_related_topics(faults, context.related_topics)
        self._topic_partitions = {
            topic: TopicPartition(topic, self.number)
            for topic in context.source_topic_ids
            if topic not in suspended_topics
        }
        for topic in suspended_topics:
            await context.source.stop_delivery(TopicPartition(topic, self.number))
        # The batches that were queued so far were fetched for the former owner.
        self._queue = BatchQueue(context.filing_topics, self._journal.max_records, context.related_topics)
        self.stats.suspended_platforms = frozenset().union(
            *(context.platforms_by_topic[topic] for topic in suspended_topics)
        )
        for fault in faults.values():
            if fault.topic not in context.source_faults:  # the source monitor logs the others
                log.error(
                    "partition %d: %s",
                    self.number,
                    suspension_message(fault, context.related_topics, context.platforms_by_topic),
                )

    def _resume_from(self, checkpoint: Checkpoint) -> None:
        """Continue from the checkpoint of the former owner."""
        start = starting_point(self._context, checkpoint, self._topic_partitions)
        self._lost_records, self._commit_count = checkpoint.lost_records, checkpoint.commit_number
        self._suspended_offsets = dict(start.suspended_offsets)
        self._processor.start(start)

    async def _seek(self, topic: str, bounds: tuple[int, int] | None = None) -> None:
        """Fetch `topic` from its next offset on; records that are lost are skipped with the next commit."""
        self._last_read_at[topic] = _loop_time()
        positions = self._processor.next_offsets
        positions[topic], lost = await seek(self._context, self._topic_partitions[topic], positions.get(topic), bounds)
        self._lost_records += lost
        self._has_uncommitted = self._has_uncommitted or lost > 0

    async def _recheck_sources(self) -> None:
        """Close, to be taken over again, after a fault of this partition alone, or of a feedback topic, has ended.

        A new owner is needed for a feedback topic, since a producer identifies a topic by name and would continue its
        sequence numbers in a recreated topic.
        """
        if self._platforms_without_feedback - self._context.feedback_topics.failing_platforms:
            self._close_to_reopen()
            return
        own_faults = self._source_faults.keys() - self._context.source_faults.keys()
        if not own_faults or _loop_time() - self._checked_at < CHECK_INTERVAL_SECONDS:
            return
        self._checked_at = _loop_time()
        with suppress(KafkaError):  # a broker that does not answer proves nothing
            found = await check_sources(self._context, self.number, self._checkpoint())
            if found.faults.keys() != self._source_faults.keys():
                self._close_to_reopen()

    def _close_to_reopen(self) -> None:
        self.should_reopen = self._is_closing = True

    async def _step(self) -> None:
        for topic_partition in [
            topic_partition
            for topic_partition in self._topic_partitions.values()
            if topic_partition in self._context.source.out_of_range
        ]:
            try:
                await self._seek(topic_partition.topic)
            except SourceTopicError:  # the next owner finds the same fault and suspends the platform
                self._close_to_reopen()
                return
        has_due_work = self._processor.has_due_work
        can_process = not (self._is_closing or has_due_work)
        if not (can_process and await self._process_next()) and not has_due_work:
            await self._wait_for_work()
        self._advance_time()
        if self._processor.has_due_work or self._is_commit_due():
            await self._commit()

    async def _process_next(self) -> bool:
        """Apply the next slice, in a fair turn if its topic has a backlog; return whether records were applied."""
        if self._backlogged and self._queue and len(self._backlogged) < len(self._topic_partitions):
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
            self._processor.partition_clock.applied_through(), self._topics_with_more(), max_records
        )
        if batch_slice is None:
            return 0
        await self._process(batch_slice)
        return len(batch_slice.batch.records)

    def _topics_with_more(self) -> frozenset[str]:
        """Return the topics with records to come: not read to their known end, and read within the last seconds."""
        log_ends, positions, recent = (
            self._context.source.log_ends,
            self._processor.next_offsets,
            _loop_time() - _WAIT_FOR_FILINGS_SECONDS,
        )
        return frozenset(
            topic
            for topic, topic_partition in self._topic_partitions.items()
            if self._last_read_at[topic] >= recent
            and ((log_end := log_ends.get(topic_partition)) is None or log_end.end > positions[topic])
        )

    async def _wait_for_work(self) -> None:
        """Wait for a batch, for the time of the next commit, or for the next check of the clock."""
        self._wake_up.clear()
        wait = _TICK_SECONDS
        if self._has_uncommitted:
            remaining = self._committed_at + self._context.commit_interval_ms / 1000 - _loop_time()
            wait = min(wait, max(remaining, 0.001))
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake_up.wait(), wait)

    async def _process(self, batch_slice: BatchSlice) -> None:
        context, batch = self._context, batch_slice.batch
        if not context.source.is_current(batch):
            return
        if not self._processor.is_contiguous(batch):
            log.warning(
                "partition %d: expected a batch of %s that continues at the next offset, got a later one: seeking again",
                self.number,
                batch.topic_partition.topic,
            )
            await self._seek(batch.topic_partition.topic)
            return
        rest = self._processor.process(batch, context.wall_clock())
        context.failpoints.hit("after_apply")
        self._has_uncommitted = True
        self._commit_soon = self._commit_soon or batch.topic_partition.topic not in self._backlogged
        self._last_read_at[batch.topic_partition.topic] = _loop_time()
        if rest is not None:
            self._queue.put_back(batch_slice, rest)
        elif batch_slice.is_last:
            context.source.acknowledge(batch)
        self.stats.last_progress = context.wall_clock()

    def _advance_time(self) -> None:
        """Advance log time by the topics that are read to their ends, and pause topics that are too far ahead."""
        context, processor = self._context, self._processor
        now = context.wall_clock()
        end_times = {}
        lags: dict[str, int] = {}
        for topic, topic_partition in self._topic_partitions.items():
            log_end = context.source.log_ends.get(topic_partition)
            if log_end is None:
                continue
            lags[topic] = max(0, log_end.end - processor.next_offsets[topic])
            if (
                log_end.is_at_end
                and log_end.delivered_to <= processor.next_offsets[topic]
                and now - log_end.responded_at <= _LOG_END_VALID_MS
            ):
                end_times[topic] = log_end.responded_at - self._clock_offset.ahead_ms
        processor.partition_clock.confirm_heads(end_times)
        self._has_uncommitted = processor.advance() or self._has_uncommitted
        context.source.pause(
            frozenset(self._topic_partitions[topic] for topic in processor.partition_clock.topics_too_far_ahead()),
            self.number,
        )
        self._backlogged = self._topics_with_backlog(lags)
        self.stats.log_time = processor.partition_clock.now
        if len(lags) == len(self._topic_partitions):
            self.stats.lag = sum(lags.values())
        if len(end_times) == len(self._topic_partitions):
            self.stats.last_progress, self.stats.lag = now, 0

    def _topics_with_backlog(self, lags: Mapping[str, int]) -> frozenset[str]:
        """Return the topics whose group of related topics has a backlog."""
        related_topics = self._context.related_topics
        return frozenset(
            topic
            for topic in lags
            if sum(lags.get(related_topic, 0) for related_topic in related_topics[topic]) > _BACKLOG_RECORDS
        )

    def _is_commit_due(self) -> bool:
        if self._processor.uncommitted_records >= self._journal.max_records:
            return True
        interval = self._context.commit_interval_ms if self._has_uncommitted else _STATUS_INTERVAL_MS
        if self._backlogged and not self._commit_soon:
            interval = max(interval, _BACKLOG_COMMIT_INTERVAL_MS)
        return _loop_time() - self._committed_at >= interval / 1000

    async def _commit(self) -> None:
        context, processor = self._context, self._processor
        started = self._committed_at = _loop_time()
        before = context.wall_clock()
        changes = processor.ledger.drain_changes()
        updates, update_faults = encode_updates(processor.ledger.drain_updates())
        rows = self._without_uncommittable(changes, update_faults)
        rejected = processor.drain_refusals()
        self._feedback.update_counters(rows)
        self._platforms_without_feedback |= context.feedback_topics.failing_platforms
        feedback = self._feedback.due_rows(
            rejected.rows_by_source(),
            self._progress(),
            before - self._clock_offset.ahead_ms,
            self._platforms_without_feedback,
        )
        interval_changes = IntervalChanges(rows, self._suspended.without_suspended(updates), rejected.rows, feedback)
        self._has_uncommitted = self._commit_soon = False
        applied, processor.uncommitted_records = processor.uncommitted_records, 0
        self._committing_records = applied
        self._commit_count += 1
        checkpoint = self._checkpoint()
        await commit_checking_feedback(
            self._journal,
            build_commit(context.output_topics, interval_changes, checkpoint, self._status()),
            context.check_feedback_topics,
        )
        self._committing_records = 0
        self._clock_offset.observe(before, self._journal.last_append_time, context.wall_clock())
        self.stats.clock_ahead_ms = self._clock_offset.ahead_ms if self._clock_offset.is_known else None
        self._committed_checkpoint = checkpoint
        for topic, offset in processor.next_offsets.items():
            context.source.report_offset(self._topic_partitions[topic], offset)
        self.stats.commit_seconds = _loop_time() - started
        context.stats.applied[self.number] += applied
        context.stats.commits[self.number] += 1
        context.stats.refused.update(refusal.reason for refusal, _ in rejected.events)
        context.stats.refused.update(rejected.late_reasons)

    def _without_uncommittable(self, rows: Rows, update_faults: Mapping[str, Exception]) -> Rows:
        """Return the rows that can be committed; suspend the platforms with rows or updates that cannot."""
        faults = {
            **update_faults,
            **oversized_platforms(rows, self._journal.max_batch_bytes),
            **self._processor.ledger.drain_faults(),
        }
        if not faults:
            return rows
        platforms, topics = self._suspended.suspend(faults)
        self._drop_topics(topics & self._topic_partitions.keys())
        self._processor.ledger.suspend(platforms)
        self.stats.uncommittable_platforms = len(self._suspended.platforms)
        return without_platforms(rows, platforms)

    def _drop_topics(self, topics: Collection[str]) -> None:
        """Apply nothing more of these topics: they stay at their last committed offset."""
        for topic in topics:
            self._suspended_offsets[topic] = suspended_offset(self._committed_checkpoint, topic)
            del self._topic_partitions[topic]
            del self._last_read_at[topic]
        self._queue.drop_topics(topics)
        self._processor.drop_topics(topics)
        self._backlogged -= frozenset(topics)

    def _progress(self) -> ReadProgress:
        """Return the read progress; offsets after the last record of a log are transaction markers and count as read."""
        processor, log_ends = self._processor, self._context.source.log_ends
        positions = dict(processor.next_offsets)
        for topic, topic_partition in self._topic_partitions.items():
            log_end = log_ends.get(topic_partition)
            if log_end is not None and log_end.is_at_end and log_end.delivered_to <= positions[topic]:
                positions[topic] = max(positions[topic], log_end.end)
        return ReadProgress(
            processor.partition_clock.now, positions, processor.records_read, processor.partition_clock.topics_behind()
        )

    def _checkpoint(self) -> Checkpoint:
        context, processor = self._context, self._processor
        return Checkpoint(
            processor.partition_clock.now,
            {**self._suspended_offsets, **self._topic_offsets()},
            context.registry_hash,
            self._lost_records,
            dict(context.output_topic_ids),
            self._commit_count,
        )

    def _topic_offsets(self) -> dict[str, TopicOffset]:
        """Return the offsets of the topics that are read, as a checkpoint stores them."""
        ids, processor = self._context.source_topic_ids, self._processor
        catching_up, read = processor.partition_clock.topics_behind(), processor.records_read
        return {
            topic: TopicOffset(
                offset, ids[topic], max(1, catching_up[topic]) if topic in catching_up else 0, read.get(topic, 0)
            )
            for topic, offset in processor.next_offsets.items()
        }

    def _status(self) -> PartitionStatus:
        context, now = self._context, self._processor.partition_clock.now
        published_at = context.wall_clock() - self._clock_offset.ahead_ms
        return PartitionStatus(
            now,
            published_at,
            context.partitions,
            context.rulebook_name,
            context.registry_hash,
            self._lost_records,
            self._commit_count,
        )
