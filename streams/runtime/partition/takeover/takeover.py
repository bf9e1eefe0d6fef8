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

from streams.runtime.journal.checkpoint import Position
from streams.runtime.journal.journal import Journal
from streams.runtime.kafka.records import Slot
from streams.runtime.partition.clock_offset import ClockOffset
from streams.runtime.partition.context import Surroundings
from streams.runtime.partition.processor import Ledger
from streams.runtime.partition.takeover.completeness import Written, contradiction, last_status, unsent
from streams.runtime.partition.takeover.restore import Restored, restore
from streams.runtime.stats import Figures, State
from streams.runtime.topic_checks.preflight import StateError
from streams.runtime.topic_checks.source_faults import (
    APPLY,
    Fault,
    concerned,
    end_fault,
    identity_fault,
    is_another,
    made_anew,
)

log = logging.getLogger(__name__)


class SourceError(Exception):
    """No source topic of a partition is as the position speaks of it; the message says what is wrong with each."""


class Taken(NamedTuple):
    """Where a partition stands, how far our clock is off, how many rows of how many records were restored in how long.

    `others` are the restored rows that are no reports.
    """

    position: Position
    offset: ClockOffset
    rows: int
    records: int
    reading: float
    loading: float
    others: Mapping[bytes, bytes]


async def take(around: Surroundings, number: int, journal: Journal, ledger: Ledger) -> Taken:
    """Fence the former owner of a partition and load what it committed into an empty `ledger`.

    Raises StateError where that is not all that was ever committed.
    """
    seconds = asyncio.get_running_loop().time
    started, offset, before = seconds(), ClockOffset(), around.wall()
    claim = await journal.claim()
    offset.observe(before, journal.stamped, around.wall())
    slot = TopicPartition(around.names.changelog, number)
    try:
        stored = await restore(around.bootstrap, slot, claim, around.failpoints, around.access)
    except (CorruptRecordException, UnsupportedCodecError) as error:
        raise StateError(f"{slot.topic} {number}: expected record batches that can be read: {error}") from error
    await _recognise(around, number, stored, journal)
    fetched = seconds()
    await journal.repeat({around.names.measures: list(stored.last.items())})
    ledger.load(stored.reports, stored.others)
    ledger.ready(stored.position.now)
    rows = len(stored.reports) + len(stored.others)
    reading, loading = fetched - started, seconds() - fetched
    return Taken(stored.position, offset, rows, stored.read, reading, loading, stored.others)


async def _recognise(around: Surroundings, number: int, stored: Restored, journal: Journal) -> None:
    """Raise StateError where the changelog or the measures are not those to which the position was written.

    Another owner may have taken the partition, and committed, since the changelog was read: then the journal raises.
    """
    position = stored.position
    for topic, known in position.own.items():
        found = around.own.get(topic, "")
        if is_another(known, found):
            raise StateError(made_anew(topic, known, found))
    if not around.exact_ends:
        return
    measures = TopicPartition(around.names.measures, number)
    least = position.commit - unsent(transactions=around.transactions)
    status = await last_status(around.bootstrap, measures, least, around.access)
    written = Written(
        f"{around.names.changelog} {number}",
        f"{around.names.measures} {number}",
        stored.first,
        position if stored.begun else None,
        status,
    )
    if missing := contradiction(written, transactions=around.transactions):
        await journal.confirm()
        raise StateError(missing)


class Logs(NamedTuple):
    """The logs of a partition's source topics: what is wrong with which, and where the others start and end."""

    faults: Mapping[str, Fault]
    bounds: Mapping[str, tuple[int, int]]


async def look(around: Surroundings, number: int, position: Position) -> Logs:
    """Return what is found of a partition's source topics.

    Beside what is wrong with a topic for every partition, a fault is a topic that is not the one which the position
    speaks of, and a log that ends before the position. Raises SourceError when nothing of the partition can be read.
    """
    topics = [topic for topic in around.topics if topic not in around.faults]
    looked = await asyncio.gather(*(_look_at(around, Slot(topic, number), position) for topic in topics))
    found = dict(zip(topics, looked, strict=True))
    faults = {**around.faults, **{topic: one for topic, one in found.items() if isinstance(one, Fault)}}
    if len(concerned(faults, around.siblings)) == len(around.topics):
        raise SourceError("\n".join(fault.text for fault in faults.values()))
    return Logs(faults, {topic: one for topic, one in found.items() if not isinstance(one, Fault)})


async def _look_at(around: Surroundings, slot: Slot, position: Position) -> tuple[int, int] | Fault:
    reached = position.topics.get(slot.topic)
    if (fault := identity_fault(slot.topic, reached, around.topics[slot.topic])) is not None:
        return fault
    try:
        first, end = await around.source.bounds(slot)
    except (UnknownTopicOrPartitionError, TopicAuthorizationFailedError) as error:
        return Fault(slot.topic, f"{slot.topic}: expected to read it, the broker says {type(error).__name__}", APPLY)
    if reached is None or not around.exact_ends:
        return first, end
    return end_fault(slot.topic, slot.partition, reached.next, end) or (first, end)


async def seek(
    around: Surroundings, slot: Slot, position: int | None, bounds: tuple[int, int] | None = None
) -> tuple[int, int]:
    """Fetch `slot` from its position on, from the log's start where there is none; return from where, and what is lost.

    `bounds` is where the log starts and ends, if that is known. What lies below the log's start is lost: counted, told
    and passed, also where nothing of the log was ever read. Raises SourceError for a log that ends before the position:
    it has lost what was already counted.
    """
    first, last = bounds or await around.source.bounds(slot)
    begins = position is None
    position = 0 if position is None else position
    if around.exact_ends and (fault := end_fault(slot.topic, slot.partition, position, last)):
        raise SourceError(fault.text)
    lost = max(0, first - position)
    if lost:
        around.figures.lost[slot.partition] += lost
        which = "nothing of it was read before" if begins else "they were not read"
        log.error(
            "partition %d: offsets %d to %d of %s are gone, %s", slot.partition, position, first - 1, slot.topic, which
        )
    await around.source.serve(slot, position + lost)
    return position + lost, lost


log = logging.getLogger(__name__)


def announce(figures: Figures) -> None:
    """Say what was restored if no owned partition is still to be; called when one of them is."""
    owned = figures.owned
    if all(one.state is State.SERVING for one in owned.values()):
        rows = sum(one.restored for one in owned.values())
        seconds = max((one.restore_seconds or 0.0 for one in owned.values()), default=0.0)
        numbers = ", ".join(map(str, sorted(owned)))
        log.info("serving partitions %s: restored %d rows in %.1f s", numbers, rows, seconds)
        empty = ", ".join(str(number) for number, one in sorted(owned.items()) if not one.restored)
        if empty:
            log.warning("partitions %s begin with no state: the changelog holds nothing of them", empty)
