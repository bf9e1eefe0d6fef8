"""Select the refused records to read again, and decide about them with the current decoder; pure functions."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Final, NamedTuple

from aiokafka import TopicPartition

from streams.contract.events.source_records import Record, Refusal
from streams.contract.outputs.refusal_records import StoredRefusal
from streams.domain.events import Heartbeat
from streams.domain.vocabulary import RefusalReason
from streams.runtime.partition.protocols import RecordDecoder

# A refusal by the decoder names a field, or has a reason that is not in this set.
_LEDGER_REASONS: Final = frozenset(
    {
        RefusalReason.BAD_TIME,
        RefusalReason.TOO_MANY,
        RefusalReason.WRONG_PARTITION,
        RefusalReason.ORPHAN,
        RefusalReason.CONFLICT,
        RefusalReason.OVER_CAPACITY,
    }
)


class ReplayResult(StrEnum):
    """The result for one refused record."""

    ACCEPTED = "accepted now"
    REFUSED = "still refused"
    GONE = "gone from the log"
    HEARTBEAT = "heartbeat, left out"


class Selection(NamedTuple):
    """Which refusals to replay: of these reasons (none: all of the decoder), logged at `since` or later, in epoch ms."""

    reasons: frozenset[RefusalReason] = frozenset()
    since: int = 0


class SelectedRecords(NamedTuple):
    """The selected refusals by topic-partition and offset of their records, and the numbers left out, by reason."""

    by_partition: Mapping[TopicPartition, Mapping[int, StoredRefusal]]
    left_out: Mapping[RefusalReason, int]


class ReplayedRecord(NamedTuple):
    """A record to publish again, with the new `timestamp` in epoch milliseconds."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] | None


@dataclass
class ReplayCounts:
    """Counts of results by the stored reason of the refusal; `current_reasons` counts the reasons of the new refusals.

    `by_platform` counts refusals by platform and by reason with field; `latest` has the last logged refusal of each.
    """

    results: Counter[tuple[RefusalReason, ReplayResult]] = field(default_factory=Counter)
    current_reasons: Counter[RefusalReason] = field(default_factory=Counter)
    by_platform: Counter[tuple[str, str]] = field(default_factory=Counter)
    latest: dict[tuple[str, str], StoredRefusal] = field(default_factory=dict)

    def add(self, refusal: StoredRefusal, result: ReplayResult) -> None:
        """Count the result of one refusal."""
        data = refusal.data
        self.results[data.reason, result] += 1
        platform_and_reason = (
            data.platform or "unknown",
            f"{data.reason} in {data.field}" if data.field else str(data.reason),
        )
        self.by_platform[platform_and_reason] += 1
        self.latest[platform_and_reason] = max(
            refusal, self.latest.get(platform_and_reason, refusal), key=lambda other: other.logged_at
        )

    def total(self, result: ReplayResult) -> int:
        """Return how many refusals have this result."""
        return sum(count for (_, counted), count in self.results.items() if counted is result)


def select_records(refusals: Iterable[StoredRefusal], selection: Selection) -> SelectedRecords:
    """Return those of `refusals` that are replayed; a refusal that is stored twice counts once."""
    selected: dict[TopicPartition, dict[int, StoredRefusal]] = {}
    left_out: Counter[RefusalReason] = Counter()
    for refusal in refusals:
        data = refusal.data
        if refusal.logged_at < selection.since or (selection.reasons and data.reason not in selection.reasons):
            continue
        if data.reason is RefusalReason.UNDECODABLE or (not selection.reasons and _is_ledger_decision(refusal)):
            left_out[data.reason] += 1
        else:
            selected.setdefault(TopicPartition(data.topic, data.partition), {})[data.offset] = refusal
    return SelectedRecords(selected, left_out)


def replayed_record(record: Record, refusal: StoredRefusal, now: int | None) -> ReplayedRecord | None:
    """Return a record to publish again with the timestamp `now` (None: with its own timestamp).

    Return None if `record` is not the refused one: a recreated topic has other records at the same offsets.
    """
    if record.timestamp != refusal.logged_at:
        return None
    stamp = record.timestamp if now is None else now
    return ReplayedRecord(
        record.topic, record.partition, record.offset, stamp, record.key, record.value, record.headers
    )


def check_record(decoder: RecordDecoder, record: ReplayedRecord, counts: ReplayCounts, wall: int) -> ReplayResult:
    """Return how a worker would decide about a record at `wall`, epoch milliseconds, and count a reason for refusal.

    A heartbeat is not published again: its watermark is out of date, and later heartbeats have replaced it.
    """
    event = decoder.decode(record, wall)
    if isinstance(event, Refusal):
        counts.current_reasons[event.reason] += 1
        return ReplayResult.REFUSED
    return ReplayResult.HEARTBEAT if isinstance(event, Heartbeat) else ReplayResult.ACCEPTED


def fingerprint(record: ReplayedRecord) -> bytes:
    """Return a hash of a record's content, so that a record that was refused twice is published once."""
    content = repr((record.topic, record.partition, record.key, record.value, list(record.headers or ())))
    return sha256(content.encode()).digest()


def summary_lines(counts: ReplayCounts, left_out: Mapping[RefusalReason, int]) -> Iterator[str]:
    """Yield the counts, line by line."""
    widths = {result: len(result) for result in ReplayResult}
    yield "  ".join([f"{'refused as':<18}", *(f"{result:>{widths[result]}}" for result in ReplayResult)])
    for reason in sorted({reason for reason, _ in counts.results}):
        yield "  ".join(
            [f"{reason:<18}", *(f"{counts.results[reason, result]:>{widths[result]}}" for result in ReplayResult)]
        )
    yield "  ".join([f"{'all':<18}", *(f"{counts.total(result):>{widths[result]}}" for result in ReplayResult)])
    if counts.current_reasons:
        yield f"refused today as: {_format_counts(counts.current_reasons)}"
    if batch_count := left_out.get(RefusalReason.UNDECODABLE):
        yield f"left out, since they cannot be read (the platform must publish their events again): {batch_count} batches"
    ledger_decisions: dict[RefusalReason, int] = {
        reason: count for reason, count in left_out.items() if reason is not RefusalReason.UNDECODABLE
    }
    if ledger_decisions:
        yield f"left out, since the ledger would refuse them again (--reason includes them): {_format_counts(ledger_decisions)}"
    for (platform, reason_and_field), count in sorted(counts.by_platform.items()):
        last = counts.latest[platform, reason_and_field].data
        yield f"{platform}: {reason_and_field}, {count} of them, the last at {last.topic} {last.partition} {last.offset}"


def _format_counts(counts: Mapping[RefusalReason, int]) -> str:
    return ", ".join(f"{reason} {count}" for reason, count in sorted(counts.items()))


def _is_ledger_decision(refusal: StoredRefusal) -> bool:
    return refusal.data.reason in _LEDGER_REASONS and not refusal.data.field
