"""How an owner takes a partition: what the former owner committed, and where in the source topics to go on."""

import asyncio
import logging
from typing import NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import (
    CorruptRecordException,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    UnsupportedCodecError,
)

from streams.runtime.clock_offset import ClockOffset
from streams.runtime.ground import StateError
from streams.runtime.intake import Ledger
from streams.runtime.journal import Journal
from streams.runtime.position import Position, Reached
from streams.runtime.records import Slot
from streams.runtime.restore import restore
from streams.runtime.sources import APPLY, Fault, concerned, end_fault, identity_fault, is_another, made_anew
from streams.runtime.surroundings import Surroundings

log = logging.getLogger(__name__)


class SourceError(Exception):
    """No source topic of a partition is as the position speaks of it; the message says what is wrong with each."""


class Taken(NamedTuple):
    """Where a partition stands, how far our clock is off, how many rows of how many records were restored in how long."""

    position: Position
    offset: ClockOffset
    rows: int
    records: int
    reading: float
    loading: float


async def take(around: Surroundings, number: int, journal: Journal, ledger: Ledger) -> Taken:
    """Fence the former owner of a partition and load what it committed into an empty `ledger`."""
    seconds = asyncio.get_running_loop().time
    started, offset, before = seconds(), ClockOffset(), around.wall()
    claim = await journal.claim()
    offset.observe(before, journal.stamped, around.wall())
    slot = TopicPartition(around.names.changelog, number)
    try:
        stored = await restore(around.bootstrap, slot, claim, around.failpoints, around.access)
    except (CorruptRecordException, UnsupportedCodecError) as error:
        raise StateError(f"{slot.topic} {number}: expected record batches that can be read: {error}") from error
    fetched = seconds()
    await journal.repeat({around.names.measures: list(stored.last.items())})
    ledger.load(stored.reports, stored.others)
    ledger.ready(stored.position.now)
    rows = len(stored.reports) + len(stored.others)
    return Taken(stored.position, offset, rows, stored.read, fetched - started, seconds() - fetched)


def recognise(around: Surroundings, position: Position) -> None:
    """Raise StateError where the changelog or the measures are not those that the position was written to."""
    for topic, known in position.own.items():
        found = around.own.get(topic, "")
        if is_another(known, found):
            raise StateError(made_anew(topic, known, found))


async def faults(around: Surroundings, number: int, position: Position) -> dict[str, Fault]:
    """Return what is wrong with the source topics of a partition, by topic.

    Beside what is wrong with a topic for every partition, that is a topic that is not the one which the position speaks
    of, and a log that ends before the position. Raises SourceError when nothing of the partition can be read.
    """
    found = dict(around.faults)
    for topic, identity in around.topics.items():
        if topic in found:
            continue
        reached = position.topics.get(topic)
        fault = identity_fault(topic, reached, identity) or await _log_fault(around, Slot(topic, number), reached)
        if fault is not None:
            found[topic] = fault
    if len(concerned(found, around.siblings)) == len(around.topics):
        raise SourceError("\n".join(fault.text for fault in found.values()))
    return found


async def _log_fault(around: Surroundings, slot: Slot, reached: Reached | None) -> Fault | None:
    if reached is None or not around.exact_ends:
        return None
    try:
        _, end = await around.source.bounds(slot)
    except (UnknownTopicOrPartitionError, TopicAuthorizationFailedError) as error:
        return Fault(slot.topic, f"{slot.topic}: expected to read it, the broker says {type(error).__name__}", APPLY)
    return end_fault(slot.topic, slot.partition, reached.next, end)


async def seek(around: Surroundings, slot: Slot, position: int | None) -> tuple[int, int]:
    """Fetch `slot` from its position on, from the log's start where there is none; return from where, and what is lost.

    What lies below the log's start is lost: counted, told and passed, also where nothing of the log was ever read.
    Raises SourceError for a log that ends before the position: it has lost what was already counted.
    """
    first, last = await around.source.bounds(slot)
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
