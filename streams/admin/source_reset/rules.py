"""Compare a checkpoint with a source topic's log, and compute the checkpoint that an operator accepts instead."""

from enum import StrEnum
from typing import NamedTuple

import msgspec

from streams.contract.outputs.formatting import format_count
from streams.runtime.journal.checkpoint import Checkpoint, TopicOffset


class ResumeFrom(StrEnum):
    """Where reading continues in a source topic's log."""

    BEGINNING = "beginning"
    END = "end"


class SourceLog(NamedTuple):
    """The present log of a source topic's partition: the topic's id ("": unknown), first offset, and end offset."""

    topic: str
    id: str
    first_offset: int
    end_offset: int


def can_resume(checkpoint: Checkpoint, log: SourceLog) -> bool:
    """Return whether a worker can continue: it cannot if the topic has another id, or the log ends before its offset."""
    reached = checkpoint.topics.get(log.topic)
    if reached is None:
        return True
    ids_are_known = bool(reached.id and log.id)
    return (not ids_are_known or reached.id == log.id) and reached.next <= log.end_offset


def resumed_checkpoint(checkpoint: Checkpoint, log: SourceLog, resume_from: ResumeFrom) -> Checkpoint:
    """Return the checkpoint with the id of `log` and the offset at its beginning or end; the rest is unchanged."""
    offset = log.first_offset if resume_from is ResumeFrom.BEGINNING else log.end_offset
    former = checkpoint.topics.get(log.topic, TopicOffset(0))
    topics = {**checkpoint.topics, log.topic: msgspec.structs.replace(former, next=offset, id=log.id)}
    return msgspec.structs.replace(checkpoint, topics=topics)


def describe_reset(number: int, before: Checkpoint, log: SourceLog, after: Checkpoint) -> str:
    """Return the line that says which change is accepted for partition `number`."""
    reached, resumed = before.topics[log.topic], after.topics[log.topic]
    skipped = resumed.next - log.first_offset
    remaining = log.end_offset - resumed.next
    kind = "the topic was recreated" if reached.id != log.id else "its log was cut"
    return (
        f"{log.topic} {number}: {kind}: the offset {reached.next} of topic {reached.id or '?'} becomes"
        f" {resumed.next} of topic {log.id or '?'}, whose log holds {log.first_offset} to {log.end_offset}:"
        f" {format_count(remaining, 'offset')} to read, {skipped} skipped"
    )
