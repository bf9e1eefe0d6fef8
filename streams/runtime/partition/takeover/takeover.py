"""Take over a partition: fence the former owner, load what that owner committed, and seek in the source topics."""

import asyncio
import logging
from collections.abc import Mapping
from typing import NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import (
    CorruptRecordException,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    UnsupportedCodecError,
)

from streams.runtime.journal.checkpoint import Checkpoint
from streams.runtime.journal.journal import Journal
from streams.runtime.partition.clock_offset import ClockOffset
from streams.runtime.partition.context import PartitionContext
from streams.runtime.partition.protocols import Ledger
from streams.runtime.partition.takeover.completeness import (
    StoredCommits,
    last_status,
    max_unsent_commits,
    missing_commits,
)
from streams.runtime.partition.takeover.restore import Restored, read_changelog
from streams.runtime.stats import PartitionState, WorkerStats
from streams.runtime.topic_checks.preflight import StateTopicError
from streams.runtime.topic_checks.source_faults import (
    APPLY_COMMAND,
    SourceFault,
    end_fault,
    identity_fault,
    recreated_message,
    was_recreated,
    with_related_topics,
)

log = logging.getLogger(__name__)


class SourceTopicError(Exception):
    """No source topic of a partition can be read from the checkpoint on; the message has the problem of each."""


class Takeover(NamedTuple):
    """The result of a takeover: checkpoint, clock offset, restored rows, records read, and seconds to read and to load.

    `other_rows` are the restored rows that are not report rows.
    """

    checkpoint: Checkpoint
    clock_offset: ClockOffset
    rows: int
    records: int
    read_seconds: float
    load_seconds: float
    other_rows: Mapping[bytes, bytes]


async def take_over(context: PartitionContext, number: int, journal: Journal, ledger: Ledger) -> Takeover:
    """Fence the former owner of a partition and load what it committed into an empty `ledger`.

    Raises StateTopicError if the changelog or the measures have lost commits.
    """
    seconds = asyncio.get_running_loop().time
    started, offset, before = seconds(), ClockOffset(), context.wall_clock()
    claim = await journal.claim()
    offset.observe(before, journal.last_append_time, context.wall_clock())
    topic_partition = TopicPartition(context.cluster.output_topics.changelog, number)
    try:
        stored = await read_changelog(
            context.settings.bootstrap, topic_partition, claim, context.failpoints, context.settings.access
        )
    except (CorruptRecordException, UnsupportedCodecError) as error:
        raise StateTopicError(
            f"{topic_partition.topic} {number}: expected readable record batches, got an error: {error}"
        ) from error
    await _check_state_topics(context, number, stored, journal)
    read_at = seconds()
    await journal.republish({context.cluster.output_topics.measures: list(stored.last_measures.items())})
    ledger.restore(stored.reports, stored.other_rows)
    ledger.start(stored.checkpoint.log_time)
    rows = len(stored.reports) + len(stored.other_rows)
    reading, loading = read_at - started, seconds() - read_at
    return Takeover(stored.checkpoint, offset, rows, stored.records_read, reading, loading, stored.other_rows)


async def _check_state_topics(context: PartitionContext, number: int, restored: Restored, journal: Journal) -> None:
    """Raise StateTopicError if the changelog or the measures were recreated or have lost commits.

    If another owner has taken over and committed since the changelog was read, the journal raises instead.
    """
    checkpoint = restored.checkpoint
    for topic, expected_id in checkpoint.output_topic_ids.items():
        found_id = context.cluster.output_topic_ids.get(topic, "")
        if was_recreated(expected_id, found_id):
            raise StateTopicError(recreated_message(topic, expected_id, found_id))
    if not context.has_reliable_end_offsets:
        return
    measures = TopicPartition(context.cluster.output_topics.measures, number)
    min_commit = checkpoint.commit_number - max_unsent_commits(transactions=context.cluster.uses_transactions)
    status = await last_status(context.settings.bootstrap, measures, min_commit, context.settings.access)
    stored_commits = StoredCommits(
        f"{context.cluster.output_topics.changelog} {number}",
        f"{context.cluster.output_topics.measures} {number}",
        restored.first_offset,
        checkpoint if restored.has_checkpoint else None,
        status,
    )
    if missing := missing_commits(stored_commits, transactions=context.cluster.uses_transactions):
        await journal.check_not_fenced()
        raise StateTopicError(missing)


class SourceLogs(NamedTuple):
    """The logs of a partition's source topics: faults by topic, and first and end offset of the others."""

    faults: Mapping[str, SourceFault]
    bounds: Mapping[str, tuple[int, int]]


async def check_sources(context: PartitionContext, number: int, checkpoint: Checkpoint) -> SourceLogs:
    """Check the source topics of a partition and return their faults and offsets.

    In addition to the faults that hold for every partition, a fault is a topic whose id differs from the checkpoint's,
    and a log that ends before the checkpoint's offset. Raises SourceTopicError if no topic of the partition is readable.
    """
    topics = [topic for topic in context.cluster.source_topic_ids if topic not in context.cluster.source_faults]
    checked = await asyncio.gather(
        *(_check_source(context, TopicPartition(topic, number), checkpoint) for topic in topics)
    )
    found = dict(zip(topics, checked, strict=True))
    faults = {
        **context.cluster.source_faults,
        **{topic: log_state for topic, log_state in found.items() if isinstance(log_state, SourceFault)},
    }
    if len(with_related_topics(faults, context.related_topics)) == len(context.cluster.source_topic_ids):
        raise SourceTopicError("\n".join(fault.problem for fault in faults.values()))
    return SourceLogs(
        faults, {topic: log_state for topic, log_state in found.items() if not isinstance(log_state, SourceFault)}
    )


async def _check_source(
    context: PartitionContext, topic_partition: TopicPartition, checkpoint: Checkpoint
) -> tuple[int, int] | SourceFault:
    reached = checkpoint.topics.get(topic_partition.topic)
    if (
        fault := identity_fault(topic_partition.topic, reached, context.cluster.source_topic_ids[topic_partition.topic])
    ) is not None:
        return fault
    try:
        first, end = await context.source.log_bounds(topic_partition)
    except (UnknownTopicOrPartitionError, TopicAuthorizationFailedError) as error:
        return SourceFault(
            topic_partition.topic,
            f"{topic_partition.topic}: expected a readable topic, got {type(error).__name__}",
            APPLY_COMMAND,
        )
    if reached is None or not context.has_reliable_end_offsets:
        return first, end
    return end_fault(topic_partition.topic, topic_partition.partition, reached.next, end) or (first, end)


async def seek(
    context: PartitionContext,
    topic_partition: TopicPartition,
    next_offset: int | None,
    bounds: tuple[int, int] | None = None,
) -> tuple[int, int]:
    """Fetch `topic_partition` from `next_offset` on (None: from 0); return the offset of the fetch and the number of lost records.

    `bounds` are the first and the end offset of the log, if known. Records before the first offset are lost: they are
    counted, logged and skipped, even if nothing of the log was read before. Raises SourceTopicError for a log that ends
    before `next_offset`: it has lost records that are already counted.
    """
    first, last = bounds or await context.source.log_bounds(topic_partition)
    is_first_read = next_offset is None
    next_offset = 0 if next_offset is None else next_offset
    if context.has_reliable_end_offsets and (
        fault := end_fault(topic_partition.topic, topic_partition.partition, next_offset, last)
    ):
        raise SourceTopicError(fault.problem)
    lost = max(0, first - next_offset)
    if lost:
        context.stats.lost_records[topic_partition.partition] += lost
        reason = "nothing of it was read before" if is_first_read else "they were not read"
        log.error(
            "partition %d: offsets %d to %d of %s are gone, %s",
            topic_partition.partition,
            next_offset,
            first - 1,
            topic_partition.topic,
            reason,
        )
    await context.source.start_delivery(topic_partition, next_offset + lost)
    return next_offset + lost, lost


def log_restored(stats: WorkerStats) -> None:
    """Log what was restored once all owned partitions are served; call it whenever one of them is."""
    owned = stats.owned
    if all(partition.state is PartitionState.SERVING for partition in owned.values()):
        rows = sum(partition.restored_rows for partition in owned.values())
        seconds = max((partition.restore_seconds or 0.0 for partition in owned.values()), default=0.0)
        numbers = ", ".join(map(str, sorted(owned)))
        log.info("serving partitions %s: restored %d rows in %.1f s", numbers, rows, seconds)
        empty = ", ".join(str(number) for number, partition in sorted(owned.items()) if not partition.restored_rows)
        if empty:
            log.warning("partitions %s start without state: the changelog has no rows of them", empty)
