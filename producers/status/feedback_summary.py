"""Summarises the records of a feedback topic, without input or output."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from streams.contract.outputs import platform_status, refusal_records
from streams.contract.outputs.platform_status import (
    PLATFORM_STATUS_KEY,
    SCHEMA,
    PlatformStatus,
    RecordPosition,
    RefusalGroup,
    StatusDocument,
)
from streams.contract.outputs.refusal_records import StoredRefusal
from streams.contract.timestamps import format_timestamp
from streams.edge.exit_codes import FAILURE, OK, UNKNOWN


class SourcePartition(NamedTuple):
    """A partition of a source topic."""

    topic: str
    partition: int


@dataclass
class ReceivedFeedback:
    """The content of a feedback topic: the last status of each partition, and every refusal by record position."""

    statuses: dict[int, PlatformStatus] = field(default_factory=dict)
    refusals: dict[SourcePartition, dict[int, StoredRefusal]] = field(default_factory=dict)

    def apply_record(self, partition: int, key: bytes | None, value: bytes | None) -> None:
        """Store a record of the feedback topic; raises ValueError for a record that no worker wrote."""
        if key == PLATFORM_STATUS_KEY:
            self.statuses[partition] = platform_status.decode_platform_status(value or b"").data
        else:
            refusal = refusal_records.decode_refusal(value or b"")
            about = refusal.data
            self.refusals.setdefault(SourcePartition(about.topic, about.partition), {})[about.offset] = refusal

    def lag(self, end_offsets: Mapping[SourcePartition, int]) -> int:
        """Return how many records of the source topics, up to these end offsets, no worker has committed yet."""
        reached = {
            SourcePartition(topic.topic, partition): topic.next
            for partition, status in self.statuses.items()
            for topic in status.topics
        }
        return sum(max(0, end - reached.get(source, 0)) for source, end in end_offsets.items())


def summarise_feedback(
    platform: str, feedback: ReceivedFeedback, end_offsets: Mapping[SourcePartition, int], since: int | None = None
) -> StatusDocument:
    """Return the status document of a platform; `end_offsets` are those of its source topics.

    Refusals of records that were logged before `since`, epoch milliseconds, are left out.
    """
    statuses = [feedback.statuses.get(number) for number in sorted({source.partition for source in end_offsets})]
    known = [status for status in statuses if status is not None]
    by_reason = Counter[str]()
    for status in known:
        by_reason.update(status.refused)
    read = sum(topic.read for status in known for topic in status.topics)
    return StatusDocument(
        schema=SCHEMA,
        platform=platform,
        as_of=_earliest(None if status is None else status.as_of for status in statuses),
        complete_through=_earliest(None if status is None else status.complete_through for status in statuses),
        read=read,
        accepted=max(0, read - by_reason.total()),
        refused=by_reason.total(),
        refused_by_reason=dict(sorted(by_reason.items())),  # type: ignore[arg-type]  # reasons
        duplicates=sum(status.duplicates for status in known),
        history=sum(status.history for status in known),
        waiting=sum(status.waiting for status in known),
        lag=feedback.lag(end_offsets),
        since=None if since is None else format_timestamp(since),
        refusals=_refusal_groups(feedback, since or 0),
    )


def exit_status(document: StatusDocument) -> int:
    """Return the exit status: `FAILURE` if events were refused, else `UNKNOWN` if records are unread, else `OK`."""
    if document.refusals:
        return FAILURE
    return UNKNOWN if document.as_of is None or document.lag else OK


def _earliest(instants: Iterable[str | None]) -> str | None:
    """Return the earliest of instants in equal format; None if one of them is missing."""
    texts = list(instants)
    present = [text for text in texts if text is not None]
    return min(present) if present and len(present) == len(texts) else None


def _refusal_groups(feedback: ReceivedFeedback, since: int) -> list[RefusalGroup]:
    """Return the refusals by reason and field, the largest group first."""
    groups: dict[tuple[str, str], list[StoredRefusal]] = {}
    for by_offset in feedback.refusals.values():
        for refusal in by_offset.values():
            if refusal.logged_at >= since:
                groups.setdefault((refusal.data.reason, refusal.data.field), []).append(refusal)
    ordered = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    return [_refusal_group(refusals) for _, refusals in ordered]


def _refusal_group(refusals: list[StoredRefusal]) -> RefusalGroup:
    first = min(
        refusals,
        key=lambda refusal: (refusal.logged_at, refusal.data.topic, refusal.data.partition, refusal.data.offset),
    )
    about = first.data
    position = RecordPosition(
        topic=about.topic, partition=about.partition, offset=about.offset, time=format_timestamp(first.logged_at)
    )
    return RefusalGroup(reason=about.reason, field=about.field, count=len(refusals), first=position)
