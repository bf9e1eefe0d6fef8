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
_LEDGERS: Final = frozenset(
    {
        Reason.BAD_TIME,
        Reason.TOO_MANY,
        Reason.WRONG_PARTITION,
        Reason.ORPHAN,
        Reason.CONFLICT,
        Reason.OVER_CAPACITY,
    }
)


class Fate(StrEnum):
    """What became of a refused record."""

    ACCEPTED = "accepted now"
    REFUSED = "still refused"
    GONE = "gone from the log"
    PROMISE = "heartbeat, left out"


class Slot(NamedTuple):
    """A partition of a source topic."""

    topic: str
    partition: int


class Asked(NamedTuple):
    """Which refusals: of these reasons (none: those that a decoder gives), told at `since` or later, in epoch ms."""

    reasons: frozenset[Reason] = frozenset()
    since: int = 0


class Chosen(NamedTuple):
    """The refusals to look at, by where their records lie, and how many were left out, by reason."""

    places: Mapping[Slot, Mapping[int, StoredRefusal]]
    left: Mapping[Reason, int]


class Retold(NamedTuple):
    """A record as it would be when it is published again at `timestamp`."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] | None


class Decoder(Protocol):
    """Bytes to an event or the reason for its refusal; never raises."""

    def decode(self, record: Record, wall: int | None = None) -> Event | Refusal:
        """Return the event in a record; `wall` is the clock's time where the sender stamped it."""


@dataclass
class Tally:
    """How many fared how, by the reason for which they were refused; `now` counts today's reasons.

    `whose` counts them by platform and by reason with field, `last` has the one of each that was told last.
    """

    fates: Counter[tuple[Reason, Fate]] = field(default_factory=Counter)
    now: Counter[Reason] = field(default_factory=Counter)
    whose: Counter[tuple[str, str]] = field(default_factory=Counter)
    last: dict[tuple[str, str], StoredRefusal] = field(default_factory=dict)

    def count(self, refusal: StoredRefusal, fate: Fate) -> None:
        """Count one."""
        about = refusal.data
        self.fates[about.reason, fate] += 1
        whose = about.platform or "unknown", f"{about.reason} in {about.field}" if about.field else str(about.reason)
        self.whose[whose] += 1
        self.last[whose] = max(refusal, self.last.get(whose, refusal), key=lambda one: one.told)

    def total(self, fate: Fate) -> int:
        """Return how many fared so."""
        return sum(count for (_, one), count in self.fates.items() if one is fate)


def chosen(refusals: Iterable[StoredRefusal], asked: Asked) -> Chosen:
    """Return which of `refusals` are looked at; a refusal that was told twice counts once."""
    places: dict[Slot, dict[int, StoredRefusal]] = {}
    left: Counter[Reason] = Counter()
    for refusal in refusals:
        about = refusal.data
        if refusal.told < asked.since or (asked.reasons and about.reason not in asked.reasons):
            continue
        if about.reason is Reason.UNDECODABLE or (not asked.reasons and _of_ledger(refusal)):
            left[about.reason] += 1
        else:
            places.setdefault(Slot(about.topic, about.partition), {})[about.offset] = refusal
    return Chosen(places, left)


def retold(record: Record, refusal: StoredRefusal, now: int | None) -> Retold | None:
    """Return a record as it would be published again at `now` (None: with its own stamp).

    None where another record than the refused one lies: a topic that was made anew has other records at old offsets.
    """
    if record.timestamp != refusal.told:
        return None
    stamp = record.timestamp if now is None else now
    return Retold(record.topic, record.partition, record.offset, stamp, record.key, record.value, record.headers)


def fate(decoder: Decoder, record: Retold, tally: Tally, wall: int) -> Fate:
    """Return what a worker would say of a record at `wall`, epoch milliseconds, and count today's reason.

    A heartbeat is not published again: its promise is of then, and none is told apart from another.
    """
    event = decoder.decode(record, wall)
    if isinstance(event, Refusal):
        tally.now[event.reason] += 1
        return Fate.REFUSED
    return Fate.PROMISE if isinstance(event, Heartbeat) else Fate.ACCEPTED


def print_of(record: Retold) -> bytes:
    """Return what two records share that say the same: a record that was refused twice is published once."""
    said = repr((record.topic, record.partition, record.key, record.value, list(record.headers or ())))
    return sha256(said.encode()).digest()


def told(tally: Tally, left: Mapping[Reason, int]) -> Iterator[str]:
    """Return the counts, line by line."""
    widths = {one: len(one) for one in Fate}
    yield "  ".join([f"{'refused as':<18}", *(f"{one:>{widths[one]}}" for one in Fate)])
    for reason in sorted({reason for reason, _ in tally.fates}):
        yield "  ".join([f"{reason:<18}", *(f"{tally.fates[reason, one]:>{widths[one]}}" for one in Fate)])
    yield "  ".join([f"{'all':<18}", *(f"{tally.total(one):>{widths[one]}}" for one in Fate)])
    if tally.now:
        yield f"refused today as: {_counts(tally.now)}"
    if batches := left.get(Reason.UNDECODABLE):
        yield f"left out, since no record of theirs could be read, the platform publishes it again: {batches} batches"
    decided: dict[Reason, int] = {reason: count for reason, count in left.items() if reason is not Reason.UNDECODABLE}
    if decided:
        yield f"left out, since the ledger decided them and would again, name them with --reason: {_counts(decided)}"
    for (platform, why), count in sorted(tally.whose.items()):
        last = tally.last[platform, why].data
        yield f"{platform}: {why}, {count} of them, the last at {last.topic} {last.partition} {last.offset}"


def _counts(counts: Mapping[Reason, int]) -> str:
    return ", ".join(f"{reason} {count}" for reason, count in sorted(counts.items()))


def _of_ledger(refusal: StoredRefusal) -> bool:
    return refusal.data.reason in _LEDGERS and not refusal.data.field
