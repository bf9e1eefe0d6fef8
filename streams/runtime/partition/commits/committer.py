"""Commit what one partition applied: decide when, collect the changes, and keep up to where everything is committed."""

from collections.abc import Mapping
from typing import Final

from streams.contract.outputs.measures import PartitionStatus
from streams.runtime.journal.checkpoint import Checkpoint, TopicOffset
from streams.runtime.journal.guarded_commit import commit_checking_feedback
from streams.runtime.journal.journal import Journal
from streams.runtime.partition.clock_offset import ClockOffset
from streams.runtime.partition.commits.build_commit import IntervalChanges, build_commit
from streams.runtime.partition.commits.declared_rows import PARTITION, DeclaredRows
from streams.runtime.partition.commits.feedback import Feedback
from streams.runtime.partition.commits.suspension import (
    Rows,
    SuspendedPlatforms,
    encode_updates,
    oversized_platforms,
    without_platforms,
)
from streams.runtime.partition.context import PartitionContext
from streams.runtime.partition.loop_time import loop_time
from streams.runtime.partition.processor import PartitionProcessor, ReadProgress, RefusedEvents
from streams.runtime.partition.source_topics import SourceTopics
from streams.runtime.partition.takeover.takeover import Takeover
from streams.runtime.settings import RecordTime
from streams.runtime.stats import PartitionStats

_STATUS_INTERVAL_MS: Final = 5_000
_BACKLOG_COMMIT_INTERVAL_MS: Final = 1_000
"""The commit interval while a topic has a backlog: its results are late, and fewer commits cost less."""


class Committer:
    """Commits of one partition.

    `has_uncommitted` says that something changed since the last commit, `commit_soon` that it includes records of a
    topic without a backlog. `committing_records` are the records of the commit that is being made.
    """

    def __init__(
        self,
        context: PartitionContext,
        journal: Journal,
        processor: PartitionProcessor,
        sources: SourceTopics,
        stats: PartitionStats,
    ) -> None:
        self.clock_offset = ClockOffset()
        self.has_uncommitted = False
        self.commit_soon = False
        self.committing_records = 0
        self._context = context
        self._journal = journal
        self._processor = processor
        self._sources = sources
        self._stats = stats
        self._feedback = Feedback(sources.number, context.feedback_topics.platforms)
        self._platforms_without_feedback: frozenset[str] = frozenset()
        self._suspended = SuspendedPlatforms(sources.number, context.platforms_by_topic, context.related_topics)
        self.declared_rows = DeclaredRows(
            context.dependencies.declarations if sources.number == PARTITION else {},
            are_stamped_by_records=context.settings.record_time is RecordTime.CREATE,
        )
        self._commit_count = 0
        self._committed_checkpoint = Checkpoint()
        self._committed_at = 0.0

    def start(self, takeover: Takeover) -> None:
        """Continue after the commits of the former owner; call it when processor and source topics have started."""
        self.clock_offset, self._commit_count = takeover.clock_offset, takeover.checkpoint.commit_number
        self._feedback.update_counters(takeover.other_rows)
        self.declared_rows.start(takeover.other_rows)
        self.has_uncommitted = self.has_uncommitted or self.declared_rows.has_rows
        self._committed_checkpoint = self.checkpoint()

    def can_resume_feedback(self) -> bool:
        """Return whether the feedback topic of a platform without feedback can be written again."""
        return bool(self._platforms_without_feedback - self._context.feedback_topics.failing_platforms)

    def is_due(self) -> bool:
        """Return whether it is time for a commit, or for the status that is written without changes."""
        if self._processor.uncommitted_records >= self._journal.max_records:
            return True
        interval = self._context.settings.commit_interval_ms if self.has_uncommitted else _STATUS_INTERVAL_MS
        if self._sources.backlogged and not self.commit_soon:
            interval = max(interval, _BACKLOG_COMMIT_INTERVAL_MS)
        return loop_time() - self._committed_at >= interval / 1000

    def remaining_seconds(self) -> float:
        """Return how long the commit interval still lasts; negative after its end."""
        return self._committed_at + self._context.settings.commit_interval_ms / 1000 - loop_time()

    async def commit(self) -> frozenset[str]:
        """Commit all changes and the checkpoint, and return the topics that are not read any more.

        Raises FeedbackError if a feedback topic fails: the partition then has to be taken over again.
        """
        context, processor = self._context, self._processor
        started = self._committed_at = loop_time()
        before = context.wall_clock()
        changes, refused, dropped_topics = self._drain_changes(before)
        self.has_uncommitted = self.commit_soon = False
        self.committing_records, processor.uncommitted_records = processor.uncommitted_records, 0
        self._commit_count += 1
        checkpoint = self.checkpoint()
        await commit_checking_feedback(
            self._journal,
            build_commit(context.cluster.output_topics, changes, checkpoint, self._status()),
            context.check_feedback_topics,
        )
        self.clock_offset.observe(before, self._journal.last_append_time, context.wall_clock())
        self._committed_checkpoint = checkpoint
        self.declared_rows.confirm(self._journal.last_append_time)
        self.has_uncommitted = self.has_uncommitted or self.declared_rows.has_rows
        for topic, offset in processor.next_offsets.items():
            context.source.report_offset(self._sources.topic_partitions[topic], offset)
        self._update_stats(refused, loop_time() - started)
        self.committing_records = 0
        return dropped_topics

    def checkpoint(self) -> Checkpoint:
        """Return the checkpoint of the present state."""
        context, processor, sources = self._context, self._processor, self._sources
        return Checkpoint(
            processor.partition_clock.now,
            {**sources.suspended_offsets, **self._topic_offsets()},
            context.dependencies.registry.hash,
            sources.lost_records,
            dict(context.cluster.output_topic_ids),
            self._commit_count,
        )

    def _drain_changes(self, at: int) -> tuple[IntervalChanges, RefusedEvents, frozenset[str]]:
        """Return the changes since the last commit, the refusals among them, and the topics to drop; `at` in epoch ms."""
        processor, feedback_topics = self._processor, self._context.feedback_topics
        changes = processor.ledger.drain_changes()
        updates, update_faults = encode_updates(processor.ledger.drain_updates())
        rows, dropped_topics = self._without_uncommittable(changes, update_faults)
        if self.declared_rows.has_rows:
            rows = {**rows, **self.declared_rows.drain_rows()}
        refused = processor.drain_refusals()
        self._feedback.update_counters(rows)
        self._platforms_without_feedback |= feedback_topics.failing_platforms
        feedback = self._feedback.due_rows(
            refused.rows_by_source(),
            self._progress(),
            at - self.clock_offset.ahead_ms,
            self._platforms_without_feedback,
        )
        updates = self._suspended.without_suspended(updates)
        return IntervalChanges(rows, updates, refused.rows, feedback), refused, dropped_topics

    def _without_uncommittable(self, rows: Rows, update_faults: Mapping[str, Exception]) -> tuple[Rows, frozenset[str]]:
        """Return the rows that can be committed; suspend the platforms with rows or updates that cannot.

        Topics of such platforms stay at their last committed offset; those that were read until now are returned.
        """
        ledger, sources = self._processor.ledger, self._sources
        faults = {**update_faults, **oversized_platforms(rows, self._journal.max_batch_bytes), **ledger.drain_faults()}
        if not faults:
            return rows, frozenset()
        platforms, topics = self._suspended.suspend(faults)
        dropped_topics = topics & sources.topic_partitions.keys()
        sources.drop(dropped_topics, self._committed_checkpoint)
        self._processor.drop_topics(dropped_topics)
        ledger.suspend(platforms)
        self._stats.uncommittable_platforms = len(self._suspended.platforms)
        return without_platforms(rows, platforms), dropped_topics

    def _progress(self) -> ReadProgress:
        """Return the read progress; offsets after the last record of a log are transaction markers and count as read."""
        clock = self._processor.partition_clock
        offsets = self._sources.offsets_past_markers(self._processor.next_offsets)
        return ReadProgress(clock.now, offsets, self._processor.records_read, clock.topics_behind())

    def _topic_offsets(self) -> dict[str, TopicOffset]:
        """Return the offsets of the topics that are read, as a checkpoint stores them."""
        ids, processor = self._context.cluster.source_topic_ids, self._processor
        catching_up, read = processor.partition_clock.topics_behind(), processor.records_read
        return {
            topic: TopicOffset(
                offset, ids[topic], max(1, catching_up[topic]) if topic in catching_up else 0, read.get(topic, 0)
            )
            for topic, offset in processor.next_offsets.items()
        }

    def _status(self) -> PartitionStatus:
        dependencies = self._context.dependencies
        return PartitionStatus(
            self._processor.partition_clock.now,
            self._context.wall_clock() - self.clock_offset.ahead_ms,
            dependencies.registry.partitions,
            dependencies.rulebook_name,
            dependencies.registry.hash,
            self._sources.lost_records,
            self._commit_count,
        )

    def _update_stats(self, refused: RefusedEvents, seconds: float) -> None:
        """Count the commit that was just made."""
        number, worker = self._sources.number, self._context.stats
        self._stats.clock_ahead_ms = self.clock_offset.ahead_ms if self.clock_offset.is_known else None
        self._stats.commit_seconds = seconds
        worker.applied[number] += self.committing_records
        worker.commits[number] += 1
        worker.refused.update(refusal.reason for refusal, _ in refused.events)
        worker.refused.update(refused.late_reasons)
