"""Whether a position still fits a source topic's log, and the position that an operator accepts in its place."""

from enum import StrEnum
from typing import NamedTuple

import msgspec

from streams.runtime.journal.checkpoint import Checkpoint, TopicOffset


class ResumeFrom(StrEnum):
    """Where reading goes on."""

    BEGINNING = "beginning"
    END = "end"


class SourceLog(NamedTuple):
    """A partition of a source topic as it is now: the topic's id ("": not told), and the offsets of its ends."""

    topic: str
    id: str
    first_offset: int
    end_offset: int


def can_resume(checkpoint: Checkpoint, log: SourceLog) -> bool:
    """Whether a worker could go on: it stops at a topic of another id, and at a log that ends before its position."""
    reached = checkpoint.topics.get(log.topic)
    if reached is None:
        return True
    known = bool(reached.id and log.id)
    return (not known or reached.id == log.id) and reached.next <= log.end_offset


def resumed_checkpoint(checkpoint: Checkpoint, log: SourceLog, resume_from: ResumeFrom) -> Checkpoint:
    """Return the position that goes on with `log` as it is; everything else of it stays."""
    offset = log.first_offset if resume_from is ResumeFrom.BEGINNING else log.end_offset
    former = checkpoint.topics.get(log.topic, TopicOffset(0))
    topics = {**checkpoint.topics, log.topic: msgspec.structs.replace(former, next=offset, id=log.id)}
    return msgspec.structs.replace(checkpoint, topics=topics)


def describe_reset(number: int, before: Checkpoint, log: SourceLog, after: Checkpoint) -> str:
    """Return what is accepted for partition `number`, in one line."""
    reached, going_on = before.topics[log.topic], after.topics[log.topic]
    skipped = going_on.next - log.first_offset
    left = log.end_offset - going_on.next
    kind = "the topic was made anew" if reached.id != log.id else "its log was cut"
    return (
        f"{log.topic} {number}: {kind}: the position {reached.next} of topic {reached.id or '?'} becomes"
        f" {going_on.next} of topic {log.id or '?'}, whose log holds {log.first_offset} to {log.end_offset}:"
        f" {left} offsets to read, {skipped} passed over"
    )
