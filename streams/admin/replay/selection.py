"""What is to be read again of what was refused, and what today's decoder says of it: pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Final, NamedTuple, Protocol

from streams.contract.events.source_records import Record, Refusal
from streams.contract.outputs.refusal_records import StoredRefusal
from streams.domain.events import Event, Heartbeat
from streams.domain.vocabulary import Reason

# The decoder names the field that is wrong, or gives a reason that the ledger does not have.
_LEDGER_REASONS: Final = frozenset(
    {
        Reason.BAD_TIME,
        Reason.TOO_MANY,
        Reason.WRONG_PARTITION,
        Reason.ORPHAN,
        Reason.CONFLICT,
        Reason.OVER_CAPACITY,
    }
)


class ReplayResult(StrEnum):
    """What became of a refused record."""

    ACCEPTED = "accepted now"
    REFUSED = "still refused"
    GONE = "gone from the log"
    HEARTBEAT = "heartbeat, left out"


class Slot(NamedTuple):
    """A partition of a source topic."""

    topic: str
    partition: int


class Selection(NamedTuple):
    """Which refusals: of these reasons (none: those that a decoder gives), told at `since` or later, in epoch ms."""

    reasons: frozenset[Reason] = frozenset()
    since: int = 0


class SelectedRecords(NamedTuple):
    """The refusals to look at, by where their records lie, and how many were left out, by reason."""

    by_partition: Mapping[Slot, Mapping[int, StoredRefusal]]
    left_out: Mapping[Reason, int]


class ReplayedRecord(NamedTuple):
    """A record as it would be when it is published again at `timestamp`."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] | None


class RecordDecoder(Protocol):
    """Bytes to an event or the reason for its refusal; never raises."""

    def decode(self, record: Record, now: int | None = None) -> Event | Refusal:
        """Return the event in a record; `wall` is the clock's time where the sender stamped it."""


@dataclass
class ReplayCounts:
    """How many fared how, by the reason for which they were refused; `now` counts today's reasons.

    `whose` counts them by platform and by reason with field, `last` has the one of each that was told last.
    """

    results: Counter[tuple[Reason, ReplayResult]] = field(default_factory=Counter)
    current_reasons: Counter[Reason] = field(default_factory=Counter)
    by_platform: Counter[tuple[str, str]] = field(default_factory=Counter)
    latest: dict[tuple[str, str], StoredRefusal] = field(default_factory=dict)

    def add(self, refusal: StoredRefusal, result: ReplayResult) -> None:
        """Count one."""
        about = refusal.data
        self.results[about.reason, result] += 1
        whose = about.platform or "unknown", f"{about.reason} in {about.field}" if about.field else str(about.reason)
        self.by_platform[whose] += 1
        self.latest[whose] = max(refusal, self.latest.get(whose, refusal), key=lambda one: one.logged_at)

    def total(self, result: ReplayResult) -> int:
        """Return how many fared so."""
        return sum(count for (_, one), count in self.results.items() if one is result)


def select_records(refusals: Iterable[StoredRefusal], selection: Selection) -> SelectedRecords:
    """Return which of `refusals` are looked at; a refusal that was told twice counts once."""
    places: dict[Slot, dict[int, StoredRefusal]] = {}
    left: Counter[Reason] = Counter()
    for refusal in refusals:
        about = refusal.data
        if refusal.logged_at < selection.since or (selection.reasons and about.reason not in selection.reasons):
            continue
        if about.reason is Reason.UNDECODABLE or (not selection.reasons and _is_ledger_decision(refusal)):
            left[about.reason] += 1
        else:
            places.setdefault(Slot(about.topic, about.partition), {})[about.offset] = refusal
    return SelectedRecords(places, left)


def replayed_record(record: Record, refusal: StoredRefusal, now: int | None) -> ReplayedRecord | None:
    """Return a record as it would be published again at `now` (None: with its own stamp).

    None where another record than the refused one lies: a topic that was made anew has other records at old offsets.
    """
    if record.timestamp != refusal.logged_at:
        return None
    stamp = record.timestamp if now is None else now
    return ReplayedRecord(
        record.topic, record.partition, record.offset, stamp, record.key, record.value, record.headers
    )


def check_record(decoder: RecordDecoder, record: ReplayedRecord, counts: ReplayCounts, wall: int) -> ReplayResult:
    """Return what a worker would say of a record at `wall`, epoch milliseconds, and count today's reason.

    A heartbeat is not published again: its promise is of then, and none is told apart from another.
    """
    event = decoder.decode(record, wall)
    if isinstance(event, Refusal):
        counts.current_reasons[event.reason] += 1
        return ReplayResult.REFUSED
    return ReplayResult.HEARTBEAT if isinstance(event, Heartbeat) else ReplayResult.ACCEPTED


def fingerprint(record: ReplayedRecord) -> bytes:
    """Return what two records share that say the same: a record that was refused twice is published once."""
    said = repr((record.topic, record.partition, record.key, record.value, list(record.headers or ())))
    return sha256(said.encode()).digest()


def summary_lines(counts: ReplayCounts, left_out: Mapping[Reason, int]) -> Iterator[str]:
    """Return the counts, line by line."""
    widths = {one: len(one) for one in ReplayResult}
    yield "  ".join([f"{'refused as':<18}", *(f"{one:>{widths[one]}}" for one in ReplayResult)])
    for reason in sorted({reason for reason, _ in counts.results}):
        yield "  ".join([f"{reason:<18}", *(f"{counts.results[reason, one]:>{widths[one]}}" for one in ReplayResult)])
    yield "  ".join([f"{'all':<18}", *(f"{counts.total(one):>{widths[one]}}" for one in ReplayResult)])
    if counts.current_reasons:
        yield f"refused today as: {_format_counts(counts.current_reasons)}"
    if batches := left_out.get(Reason.UNDECODABLE):
        yield f"left out, since no record of theirs could be read, the platform publishes it again: {batches} batches"
    decided: dict[Reason, int] = {
        reason: count for reason, count in left_out.items() if reason is not Reason.UNDECODABLE
    }
    if decided:
        yield f"left out, since the ledger decided them and would again, name them with --reason: {_format_counts(decided)}"
    for (platform, why), count in sorted(counts.by_platform.items()):
        last = counts.latest[platform, why].data
        yield f"{platform}: {why}, {count} of them, the last at {last.topic} {last.partition} {last.offset}"


def _format_counts(counts: Mapping[Reason, int]) -> str:
    return ", ".join(f"{reason} {count}" for reason, count in sorted(counts.items()))


def _is_ledger_decision(refusal: StoredRefusal) -> bool:
    return refusal.data.reason in _LEDGER_REASONS and not refusal.data.field
