"""How an owner takes a partition: what the former owner committed, and where in the source topics to go on."""

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
from streams.runtime.kafka.records import Slot
from streams.runtime.partition.clock_offset import ClockOffset
from streams.runtime.partition.context import PartitionContext
from streams.runtime.partition.processor import Ledger
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
    """No source topic of a partition is as the position speaks of it; the message says what is wrong with each."""


class Takeover(NamedTuple):
    """Where a partition stands, how far our clock is off, how many rows of how many records were restored in how long.

    `others` are the restored rows that are no reports.
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

    Raises StateError where that is not all that was ever committed.
    """
    seconds = asyncio.get_running_loop().time
    started, offset, before = seconds(), ClockOffset(), context.wall_clock()
    claim = await journal.claim()
    offset.observe(before, journal.last_append_time, context.wall_clock())
    slot = TopicPartition(context.output_topics.changelog, number)
    try:
        stored = await read_changelog(context.bootstrap, slot, claim, context.failpoints, context.access)
    except (CorruptRecordException, UnsupportedCodecError) as error:
        raise StateTopicError(f"{slot.topic} {number}: expected record batches that can be read: {error}") from error
    await _check_state_topics(context, number, stored, journal)
    fetched = seconds()
    await journal.republish({context.output_topics.measures: list(stored.last_measures.items())})
    ledger.restore(stored.reports, stored.other_rows)
    ledger.start(stored.checkpoint.log_time)
    rows = len(stored.reports) + len(stored.other_rows)
    reading, loading = fetched - started, seconds() - fetched
    return Takeover(stored.checkpoint, offset, rows, stored.records_read, reading, loading, stored.other_rows)


async def _check_state_topics(context: PartitionContext, number: int, restored: Restored, journal: Journal) -> None:
    """Raise StateError where the changelog or the measures are not those to which the position was written.

    Another owner may have taken the partition, and committed, since the changelog was read: then the journal raises.
    """
    position = restored.checkpoint
    for topic, known in position.output_topic_ids.items():
        found = context.output_topic_ids.get(topic, "")
        if was_recreated(known, found):
            raise StateTopicError(recreated_message(topic, known, found))
    if not context.has_reliable_end_offsets:
        return
    measures = TopicPartition(context.output_topics.measures, number)
    least = position.commit_number - max_unsent_commits(transactions=context.uses_transactions)
    status = await last_status(context.bootstrap, measures, least, context.access)
    written = StoredCommits(
        f"{context.output_topics.changelog} {number}",
        f"{context.output_topics.measures} {number}",
        restored.first_offset,
        position if restored.has_checkpoint else None,
        status,
    )
    if missing := missing_commits(written, transactions=context.uses_transactions):
        await journal.check_not_fenced()
        raise StateTopicError(missing)


class SourceLogs(NamedTuple):
    """The logs of a partition's source topics: what is wrong with which, and where the others start and end."""

    faults: Mapping[str, SourceFault]
    bounds: Mapping[str, tuple[int, int]]


async def check_sources(context: PartitionContext, number: int, checkpoint: Checkpoint) -> SourceLogs:
    """Return what is found of a partition's source topics.

    Beside what is wrong with a topic for every partition, a fault is a topic that is not the one which the position
    speaks of, and a log that ends before the position. Raises SourceError when nothing of the partition can be read.
    """
    topics = [topic for topic in context.source_topic_ids if topic not in context.source_faults]
    looked = await asyncio.gather(*(_check_source(context, Slot(topic, number), checkpoint) for topic in topics))
    found = dict(zip(topics, looked, strict=True))
    faults = {**context.source_faults, **{topic: one for topic, one in found.items() if isinstance(one, SourceFault)}}
    if len(with_related_topics(faults, context.related_topics)) == len(context.source_topic_ids):
        raise SourceTopicError("\n".join(fault.problem for fault in faults.values()))
    return SourceLogs(faults, {topic: one for topic, one in found.items() if not isinstance(one, SourceFault)})


async def _check_source(context: PartitionContext, slot: Slot, checkpoint: Checkpoint) -> tuple[int, int] | SourceFault:
    reached = checkpoint.topics.get(slot.topic)
    if (fault := identity_fault(slot.topic, reached, context.source_topic_ids[slot.topic])) is not None:
        return fault
    try:
        first, end = await context.source.log_bounds(slot)
    except (UnknownTopicOrPartitionError, TopicAuthorizationFailedError) as error:
        return SourceFault(
            slot.topic, f"{slot.topic}: expected to read it, the broker says {type(error).__name__}", APPLY_COMMAND
        )
    if reached is None or not context.has_reliable_end_offsets:
        return first, end
    return end_fault(slot.topic, slot.partition, reached.next, end) or (first, end)


async def seek(
    context: PartitionContext, slot: Slot, next_offset: int | None, bounds: tuple[int, int] | None = None
) -> tuple[int, int]:
    """Fetch `slot` from its position on, from the log's start where there is none; return from where, and what is lost.

    `bounds` is where the log starts and ends, if that is known. What lies below the log's start is lost: counted, told
    and passed, also where nothing of the log was ever read. Raises SourceError for a log that ends before the position:
    it has lost what was already counted.
    """
    first, last = bounds or await context.source.log_bounds(slot)
    begins = next_offset is None
    next_offset = 0 if next_offset is None else next_offset
    if context.has_reliable_end_offsets and (fault := end_fault(slot.topic, slot.partition, next_offset, last)):
        raise SourceTopicError(fault.problem)
    lost = max(0, first - next_offset)
    if lost:
        context.stats.lost_records[slot.partition] += lost
        which = "nothing of it was read before" if begins else "they were not read"
        log.error(
            "partition %d: offsets %d to %d of %s are gone, %s",
            slot.partition,
            next_offset,
            first - 1,
            slot.topic,
            which,
        )
    await context.source.start_delivery(slot, next_offset + lost)
    return next_offset + lost, lost


log = logging.getLogger(__name__)


def log_restored(stats: WorkerStats) -> None:
    """Say what was restored if no owned partition is still to be; called when one of them is."""
    owned = stats.owned
    if all(one.state is PartitionState.SERVING for one in owned.values()):
        rows = sum(one.restored_rows for one in owned.values())
        seconds = max((one.restore_seconds or 0.0 for one in owned.values()), default=0.0)
        numbers = ", ".join(map(str, sorted(owned)))
        log.info("serving partitions %s: restored %d rows in %.1f s", numbers, rows, seconds)
        empty = ", ".join(str(number) for number, one in sorted(owned.items()) if not one.restored_rows)
        if empty:
            log.warning("partitions %s begin with no state: the changelog holds nothing of them", empty)
