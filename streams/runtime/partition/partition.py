"""The owner of one partition: takes it, restores it, and applies and commits in one line of work until it is closed."""

import asyncio
import logging
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Final

from aiokafka.errors import KafkaError

from streams.contract.outputs.measures import PartitionStatus
from streams.domain.log_time import PartitionClock
from streams.runtime.journal.checkpoint import Checkpoint, TopicOffset, suspended_offset
from streams.runtime.journal.guarded_commit import commit_checking_feedback
from streams.runtime.journal.journal import FeedbackError
from streams.runtime.kafka.records import RecordBatch, Slot
from streams.runtime.partition.batch_queue import BatchQueue, BatchSlice
from streams.runtime.partition.clock_offset import ClockOffset
from streams.runtime.partition.commits.commit import IntervalChanges, build_commit
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
"""How long actions wait for filings that do not come: a broker may be slow, or hold back an open transaction."""
_BACKLOG_RECORDS: Final = 2_000
_BACKLOG_COMMIT_INTERVAL_MS: Final = 1_000
"""With more records than this to go, a commit is made once a second: all of it is late, and few commits cost less."""


def _loop_time() -> float:
    """Return the event loop's own time, for durations."""
    return asyncio.get_running_loop().time()


class Partition:
    """One partition of all source topics, from claim to close. Run `run` as a task; `close` ends it in order.

    `again` says, after the end, that it ended in order to be taken anew: other topics can be read than before.
    """

    def __init__(self, number: int, context: PartitionContext) -> None:
        self.number = number
        self.stats = PartitionStats(last_progress=context.wall_clock())
        self._context = context
        self.should_reopen = False
        self._topic_partitions = {topic: Slot(topic, number) for topic in context.source_topic_ids}
        self._journal = context.make_journal(number)
        self._queue = BatchQueue(context.filing_topics, self._journal.max_records, context.related_topics)
        self._wake_up = asyncio.Event()
        self._is_closing = False
        self._processor = PartitionProcessor(context.make_ledger(number), context.decoder, PartitionClock(()), {})
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
        """How many records were applied and are not known to be committed."""
        return self._processor.uncommitted_records + self._committing_records

    @property
    def is_serving(self) -> bool:
        """Whether the partition is being served."""
        return self.stats.state is PartitionState.SERVING

    def enqueue(self, batch: RecordBatch) -> None:
        """Queue a batch; the transport bounds how many there can be, and brings no more of a topic that is not applied."""
        if batch.topic_partition.topic not in self._topic_partitions:
            return  # fetched before its platform was left out
        self._queue.enqueue(batch)
        if batch.topic_partition.topic not in self._backlogged:
            self._context.fair_scheduler.prioritise(self.number)
        self._wake_up.set()

    def close(self) -> None:
        """Ask `run` to finish what it is applying, commit, and return."""
        self._is_closing = True
        self._wake_up.set()

    async def run(self) -> None:
        """Take the partition, restore it, and serve it until closed. Any error leaves it to the next owner."""
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
        around, started = self._context, _loop_time()
        taken = await take_over(around, self.number, self._journal, self._processor.ledger)
        self._clock_offset = taken.clock_offset
        self._feedback.update_counters(taken.other_rows)
        logs = await check_sources(around, self.number, taken.checkpoint)
        await self._suspend_sources(logs.faults)
        self._resume_from(taken.checkpoint)
        for topic in self._topic_partitions:
            await self._seek(topic, logs.bounds[topic])
        self._committed_checkpoint = self._checkpoint()
        around.failpoints.hit("after_seek")
        self.stats.state = PartitionState.SERVING
        self.stats.last_progress = around.wall_clock()
        self.stats.restore_seconds = _loop_time() - started
        self.stats.restored_rows = taken.rows
        log_restored(around.stats)
        log.debug(
            "partition %d: restored %d rows from %d records, read in %.1f s, loaded in %.1f s",
            self.number,
            taken.rows,
            taken.records,
            taken.read_seconds,
            taken.load_seconds,
        )

    async def _suspend_sources(self, faults: Mapping[str, SourceFault]) -> None:
        """Leave out the topics that cannot be read, with their siblings."""
        around = self._context
        self._source_faults, self._checked_at = faults, _loop_time()
        left_out = with_related_topics(faults, around.related_topics)
        self._topic_partitions = {
            topic: Slot(topic, self.number) for topic in around.source_topic_ids if topic not in left_out
        }
        for topic in left_out:
            await around.source.stop_delivery(Slot(topic, self.number))
        # What was offered so far was fetched for a former owner.
        self._queue = BatchQueue(around.filing_topics, self._journal.max_records, around.related_topics)
        self.stats.suspended_platforms = frozenset().union(*(around.platforms_by_topic[topic] for topic in left_out))
        for fault in faults.values():
            if fault.topic not in around.source_faults:  # those are told by who found them
                log.error(
                    "partition %d: %s",
                    self.number,
                    suspension_message(fault, around.related_topics, around.platforms_by_topic),
                )

    def _resume_from(self, checkpoint: Checkpoint) -> None:
        """Go on from where the former owner was."""
        begun, intake = starting_point(self._context, checkpoint, self._topic_partitions), self._processor
        self._lost_records, self._commit_count = checkpoint.lost_records, checkpoint.commit_number
        self._suspended_offsets = dict(begun.suspended_offsets)
        read = {topic: reached.records for topic, reached in checkpoint.topics.items()}
        self._processor = PartitionProcessor(
            intake.ledger,
            self._context.decoder,
            begun.partition_clock,
            begun.next_offsets,
            self._journal.max_records,
            read,
        )
        self._processor.set_lagging_platforms(begun.lagging)

    async def _seek(self, topic: str, bounds: tuple[int, int] | None = None) -> None:
        """Fetch `topic` from its position on; what is lost on the way is passed with the next commit."""
        self._last_read_at[topic] = _loop_time()
        positions = self._processor.next_offsets
        positions[topic], lost = await seek(self._context, self._topic_partitions[topic], positions.get(topic), bounds)
        self._lost_records += lost
        self._has_uncommitted = self._has_uncommitted or lost > 0

    async def _recheck_sources(self) -> None:
        """End, to be taken anew, when what cannot be read of this partition alone, or be told, is as it must be again.

        A producer knows a topic by its name: what it sends to one that was made anew does not follow on anything there.
        """
        if self._platforms_without_feedback - self._context.feedback_topics.failing_platforms:
            self._close_to_reopen()
            return
        own = self._source_faults.keys() - self._context.source_faults.keys()
        if not own or _loop_time() - self._checked_at < CHECK_INTERVAL_SECONDS:
            return
        self._checked_at = _loop_time()
        with suppress(KafkaError):  # a broker that does not answer tells nothing
            found = await check_sources(self._context, self.number, self._checkpoint())
            if found.faults.keys() != self._source_faults.keys():
                self._close_to_reopen()

    def _close_to_reopen(self) -> None:
        self.should_reopen = self._is_closing = True

    async def _step(self) -> None:
        for slot in [slot for slot in self._topic_partitions.values() if slot in self._context.source.out_of_range]:
            try:
                await self._seek(slot.topic)
            except SourceTopicError:  # the next owner finds the same, and leaves the platform out
                self._close_to_reopen()
                return
        behind = self._processor.has_due_work
        waits = not (self._is_closing or behind)
        if not (waits and await self._process_next()) and not behind:
            await self._wait_for_work()
        self._advance_time()
        if self._processor.has_due_work or self._is_commit_due():
            await self._commit()

    async def _process_next(self) -> bool:
        """Apply what comes next, if anything does; of a backlog no more at once than others have time for."""
        if self._backlogged and self._queue and len(self._backlogged) < len(self._topic_partitions):
            return await self._context.fair_scheduler.run(self.number, self._process_and_prepare) > 0
        if not await self._process_up_to(self._journal.max_records):
            return False
        await asyncio.sleep(0)  # other partitions, the fetcher and the health page come first now
        return True

    async def _process_and_prepare(self, max_records: int) -> int:
        applied = await self._process_up_to(max_records)
        self._processor.ledger.prepare_changes()  # in a commit all of it would keep the others waiting at once
        return applied

    async def _process_up_to(self, max_records: int) -> int:
        """Apply up to `most` of the records that are next, and return how many they were."""
        portion = self._queue.next_slice(
            self._processor.partition_clock.applied_through(), self._topics_with_more(), max_records
        )
        if portion is None:
            return 0
        await self._process(portion)
        return len(portion.batch.records)

    def _topics_with_more(self) -> frozenset[str]:
        """Return the topics that will bring more: what is known of their ends says so, and they have moved lately."""
        heads, positions, lately = (
            self._context.source.log_ends,
            self._processor.next_offsets,
            _loop_time() - _WAIT_FOR_FILINGS_SECONDS,
        )
        return frozenset(
            topic
            for topic, slot in self._topic_partitions.items()
            if self._last_read_at[topic] >= lately
            and ((head := heads.get(slot)) is None or head.end > positions[topic])
        )

    async def _wait_for_work(self) -> None:
        """Wait for a batch, for the time of the next commit, or for the next look at the clock."""
        self._wake_up.clear()
        wait = _TICK_SECONDS
        if self._has_uncommitted:
            left = self._committed_at + self._context.commit_interval_ms / 1000 - _loop_time()
            wait = min(wait, max(left, 0.001))
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake_up.wait(), wait)

    async def _process(self, batch_slice: BatchSlice) -> None:
        around, batch = self._context, batch_slice.batch
        if not around.source.is_current(batch):
            return
        if not self._processor.is_contiguous(batch):
            log.warning(
                "partition %d: a batch of %s came from beyond the position", self.number, batch.topic_partition.topic
            )
            await self._seek(batch.topic_partition.topic)
            return
        rest = self._processor.process(batch, around.wall_clock())
        around.failpoints.hit("after_apply")
        self._has_uncommitted = True
        self._commit_soon = self._commit_soon or batch.topic_partition.topic not in self._backlogged
        self._last_read_at[batch.topic_partition.topic] = _loop_time()
        if rest is not None:
            self._queue.put_back(batch_slice, rest)
        elif batch_slice.is_last:
            around.source.acknowledge(batch)
        self.stats.last_progress = around.wall_clock()

    def _advance_time(self) -> None:
        """See which topics are at their heads, let time pass, and hold back a topic that is far ahead."""
        around, intake = self._context, self._processor
        wall = around.wall_clock()
        heads = {}
        lags: dict[str, int] = {}
        for topic, slot in self._topic_partitions.items():
            head = around.source.log_ends.get(slot)
            if head is None:
                continue
            lags[topic] = max(0, head.end - intake.next_offsets[topic])
            if (
                head.is_at_end
                and head.delivered_to <= intake.next_offsets[topic]
                and wall - head.responded_at <= _LOG_END_VALID_MS
            ):
                heads[topic] = head.responded_at - self._clock_offset.ahead_ms
        intake.partition_clock.confirm_heads(heads)
        self._has_uncommitted = intake.advance() or self._has_uncommitted
        around.source.pause(
            frozenset(self._topic_partitions[topic] for topic in intake.partition_clock.topics_too_far_ahead()),
            self.number,
        )
        self._backlogged = self._topics_with_backlog(lags)
        self.stats.log_time = intake.partition_clock.now
        if len(lags) == len(self._topic_partitions):
            self.stats.lag = sum(lags.values())
        if len(heads) == len(self._topic_partitions):
            self.stats.last_progress, self.stats.lag = wall, 0

    def _topics_with_backlog(self, lags: Mapping[str, int]) -> frozenset[str]:
        """Return the topics that have a backlog, or a sibling that has."""
        siblings = self._context.related_topics
        return frozenset(topic for topic in lags if sum(lags.get(one, 0) for one in siblings[topic]) > _BACKLOG_RECORDS)

    def _is_commit_due(self) -> bool:
        if self._processor.uncommitted_records >= self._journal.max_records:
            return True
        interval = self._context.commit_interval_ms if self._has_uncommitted else _STATUS_INTERVAL_MS
        if self._backlogged and not self._commit_soon:
            interval = max(interval, _BACKLOG_COMMIT_INTERVAL_MS)
        return _loop_time() - self._committed_at >= interval / 1000

    async def _commit(self) -> None:
        around, intake = self._context, self._processor
        started = self._committed_at = _loop_time()
        before = around.wall_clock()
        changes = intake.ledger.drain_changes()
        updates, untellable = encode_updates(intake.ledger.drain_updates())
        rows = self._without_uncommittable(changes, untellable)
        rejected = intake.drain_refusals()
        self._feedback.update_counters(rows)
        self._platforms_without_feedback |= around.feedback_topics.failing_platforms
        feedback = self._feedback.due_rows(
            rejected.events, self._progress(), before - self._clock_offset.ahead_ms, self._platforms_without_feedback
        )
        changed = IntervalChanges(rows, self._suspended.without_suspended(updates), rejected.events, feedback)
        self._has_uncommitted = self._commit_soon = False
        applied, intake.uncommitted_records = intake.uncommitted_records, 0
        self._committing_records = applied
        self._commit_count += 1
        position = self._checkpoint()
        await commit_checking_feedback(
            self._journal,
            build_commit(around.output_topics, changed, position, self._status()),
            around.check_feedback_topics,
        )
        self._committing_records = 0
        self._clock_offset.observe(before, self._journal.last_append_time, around.wall_clock())
        self.stats.clock_ahead_ms = self._clock_offset.ahead_ms if self._clock_offset.is_known else None
        self._committed_checkpoint = position
        for topic, offset in intake.next_offsets.items():
            around.source.report_offset(self._topic_partitions[topic], offset)
        self.stats.commit_seconds = _loop_time() - started
        around.stats.applied[self.number] += applied
        around.stats.commits[self.number] += 1
        around.stats.refused.update(refusal.reason for refusal, _ in rejected.events)
        around.stats.refused.update(rejected.late_reasons)

    def _without_uncommittable(self, rows: Rows, update_faults: Mapping[str, Exception]) -> Rows:
        """Return the rows that can be committed; suspend the platforms of which one cannot."""
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
        """Apply nothing more of these topics: they stay at the position that was last committed."""
        for topic in topics:
            self._suspended_offsets[topic] = suspended_offset(self._committed_checkpoint, topic)
            del self._topic_partitions[topic]
            del self._last_read_at[topic]
        self._queue.drop_topics(topics)
        self._processor.drop_topics(topics)
        self._backlogged -= frozenset(topics)

    def _progress(self) -> ReadProgress:
        """Return how far the partition has come; what follows the last record of a log is no record, but a mark."""
        intake, heads = self._processor, self._context.source.log_ends
        positions = dict(intake.next_offsets)
        for topic, slot in self._topic_partitions.items():
            head = heads.get(slot)
            if head is not None and head.is_at_end and head.delivered_to <= positions[topic]:
                positions[topic] = max(positions[topic], head.end)
        return ReadProgress(
            intake.partition_clock.now, positions, intake.records_read, intake.partition_clock.topics_behind()
        )

    def _checkpoint(self) -> Checkpoint:
        around, intake = self._context, self._processor
        return Checkpoint(
            intake.partition_clock.now,
            {**self._suspended_offsets, **self._topic_offsets()},
            around.registry_hash,
            self._lost_records,
            dict(around.output_topic_ids),
            self._commit_count,
        )

    def _topic_offsets(self) -> dict[str, TopicOffset]:
        """Return how far the topics were read that are read."""
        ids, intake = self._context.source_topic_ids, self._processor
        behind, read = intake.partition_clock.topics_behind(), intake.records_read
        return {
            topic: TopicOffset(offset, ids[topic], max(1, behind[topic]) if topic in behind else 0, read.get(topic, 0))
            for topic, offset in intake.next_offsets.items()
        }

    def _status(self) -> PartitionStatus:
        around, now = self._context, self._processor.partition_clock.now
        at = around.wall_clock() - self._clock_offset.ahead_ms
        return PartitionStatus(
            now,
            at,
            around.partitions,
            around.rulebook_name,
            around.registry_hash,
            self._lost_records,
            self._commit_count,
        )
