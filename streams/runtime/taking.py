"""How an owner takes a partition: what the former owner committed, and where in the source topics to go on."""

import asyncio
import logging
from collections.abc import Iterable
from typing import NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import CorruptRecordException, UnsupportedCodecError

from streams.runtime.clock_offset import ClockOffset
from streams.runtime.ground import is_another, made_anew
from streams.runtime.intake import Ledger
from streams.runtime.journal import Journal
from streams.runtime.position import Position
from streams.runtime.records import Slot
from streams.runtime.restore import restore
from streams.runtime.surroundings import Surroundings

log = logging.getLogger(__name__)


class SourceError(Exception):
    """A source topic is not the one that the position speaks of; the message says what to do."""


class StateError(Exception):
    """The changelog or the measures are not those to which the position was written: what was told before is gone."""


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


def recognise(around: Surroundings, topics: Iterable[str], position: Position) -> None:
    """Stop where a topic of the broker's is not the one that the position speaks of."""
    for topic, known in position.own.items():
        found = around.own.get(topic, "")
        if is_another(known, found):
            raise StateError(made_anew(topic, known, found))
    for topic in topics:
        reached, found = position.topics.get(topic), around.topics[topic]
        if reached is not None and is_another(reached.id, found):
            raise SourceError(made_anew(topic, reached.id, found))


async def seek(around: Surroundings, slot: Slot, position: int | None) -> tuple[int, int]:
    """Fetch `slot` from its position on, from the log's start where there is none; return from where, and what is lost.

    What lies below the log's start is lost: counted, told and passed. A log that ends before the position has
    lost what was already counted: then this worker stops.
    """
    first, last = await around.source.bounds(slot)
    if position is None:
        position = first
    if around.exact_ends and position > last:
        raise SourceError(f"{slot.topic} {slot.partition}: expected a log up to offset {position}, it ends at {last}")
    lost = max(0, first - position)
    if lost:
        around.figures.lost[slot.partition] += lost
        log.error("partition %d: offsets %d to %d of %s are gone", slot.partition, position, first - 1, slot.topic)
    await around.source.serve(slot, position + lost)
    return position + lost, lost
