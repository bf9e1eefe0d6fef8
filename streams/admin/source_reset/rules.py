"""Whether a position still fits a source topic's log, and the position that an operator accepts in its place."""

from enum import StrEnum
from typing import NamedTuple

import msgspec

from streams.runtime.journal.checkpoint import Position, Reached


class Where(StrEnum):
    """Where reading goes on."""

    BEGINNING = "beginning"
    END = "end"


class Log(NamedTuple):
    """A partition of a source topic as it is now: the topic's id ("": not told), and the offsets of its ends."""

    topic: str
    id: str
    first: int
    end: int


def fits(position: Position, log: Log) -> bool:
    """Whether a worker could go on: it stops at a topic of another id, and at a log that ends before its position."""
    reached = position.topics.get(log.topic)
    if reached is None:
        return True
    known = bool(reached.id and log.id)
    return (not known or reached.id == log.id) and reached.next <= log.end


def accepted(position: Position, log: Log, where: Where) -> Position:
    """Return the position that goes on with `log` as it is; everything else of it stays."""
    offset = log.first if where is Where.BEGINNING else log.end
    former = position.topics.get(log.topic, Reached(0))
    topics = {**position.topics, log.topic: msgspec.structs.replace(former, next=offset, id=log.id)}
    return msgspec.structs.replace(position, topics=topics)


def sentence(number: int, before: Position, log: Log, after: Position) -> str:
    """Return what is accepted for partition `number`, in one line."""
    reached, going_on = before.topics[log.topic], after.topics[log.topic]
    skipped = going_on.next - log.first
    left = log.end - going_on.next
    kind = "the topic was made anew" if reached.id != log.id else "its log was cut"
    return (
        f"{log.topic} {number}: {kind}: the position {reached.next} of topic {reached.id or '?'} becomes"
        f" {going_on.next} of topic {log.id or '?'}, whose log holds {log.first} to {log.end}:"
        f" {left} offsets to read, {skipped} passed over"
    )
