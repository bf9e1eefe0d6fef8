"""The application of record batches to one partition's ledger: pure bookkeeping, no input or output.

A batch is applied only if it was fetched from the position or before it; records below the position are skipped.
"""

import logging
import traceback
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple, Protocol

from streams.contract.events.decoder import Refusal
from streams.domain.events import Event
from streams.domain.logtime import LogTime
from streams.domain.notices import Notice
from streams.domain.shelf import Kept
from streams.domain.vocabulary import Reason
from streams.runtime.kafka.records import LOG_APPEND_TIME, RecordBatch, Stamped

log = logging.getLogger(__name__)


class Ledger(Protocol):
    """What the runtime asks of a ledger."""

    @property
    def next_due(self) -> int:
        """The epoch millisecond from which `advance` has work."""

    def apply(self, event: Event) -> Reason | None:
        """Take one fact; a reason says that it is refused."""

    def advance(self, now: int, most: int) -> int:
        """Move time to `now`, or as far as `most` reports come up on the way, and return how far."""

    def refuse(self, platform: str, reason: Reason) -> None:
        """Count a refusal decided elsewhere."""

    def hold(self, limits: Mapping[str, int], most: int) -> bool:
        """Decide what concerns some platforms up to their instants and no further; return whether they got there."""

    def take_refusals(self) -> list[tuple[Reason, str]]:
        """Return the refusals that came later than their record, with the platform."""

    def prepare(self) -> None:
        """Do ahead what `take_changes` would have to do."""

    def take_changes(self) -> dict[bytes, bytes | None]:
        """Return the rows that changed since the last call."""

    def take_faults(self) -> Mapping[str, Exception]:
        """Return the platforms of which nothing may be stored, since something of them failed; after `take_changes`."""

    def suspend(self, platforms: Collection[str]) -> None:
        """Let go of platforms: no row of theirs changes any more."""

    def take_notices(self) -> list[Notice]:
        """Return the notices about single reports; after `take_changes`."""

    def load(self, reports: Kept, others: Mapping[bytes, bytes]) -> None:
        """Take what was restored: reports by their keys without `r|`, which are the ledger's from now on, and all else."""

    def ready(self, now: int = 0) -> None:
        """Begin, with a partition that had reached `now`."""


class Decoder(Protocol):
    """Bytes to an event or the reason for its refusal; never raises."""

    def decode(self, record: Stamped, wall: int | None = None) -> Event | Refusal:
        """Return the event in a record; `wall` is the clock's time where the sender stamped it."""


class Refused(NamedTuple):
    """What was refused since the last commit: with the record, and `late`, by reason, when it is no longer known."""

    events: list[tuple[Refusal, Stamped]]
    late: list[Reason]


class Apart(NamedTuple):
    """Platforms that do not go with the time of all, as long as they do not.

    `suspended` are those whose topics are not read, with the instant up to which they were; `owners` are the platforms
    of each topic, which may come back behind the others.
    """

    suspended: Mapping[str, int] = {}
    owners: Mapping[str, frozenset[str]] = {}


class Reading(NamedTuple):
    """How far a partition has come: `now` is its log time; by source topic the next offset and how many were read.

    Topics that are not read have no position. `behind` are those that are read and catch up, with the instant up to
    which they were.
    """

    now: int
    positions: Mapping[str, int]
    read: Mapping[str, int]
    behind: Mapping[str, int] = {}


class Intake:
    """Ledger, log time and positions of one partition, moved together.

    `positions` is the next offset per source topic, `read` how many of its records were applied, refused ones
    included, since the partition was begun; `applied` counts records, refused ones included, until its reader
    sets it back. `most` is how many reports may come up between two commits. With more to decide the ledger is
    `behind` its logs: time stands where it has got to, and no record is applied that was told later.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what one partition is made of
        self,
        ledger: Ledger,
        decoder: Decoder,
        time: LogTime,
        positions: Mapping[str, int],
        most: int = 10_000,
        read: Mapping[str, int] | None = None,
    ) -> None:
        self.ledger = ledger
        self.time = time
        self.positions = dict(positions)
        self.read = dict(read or {})
        self.applied = 0
        self.behind = False
        self._most = most
        self._decoder = decoder
        self._refused: list[tuple[Refusal, Stamped]] = []
        self._apart = Apart()
        self._limits: Mapping[str, int] = {}
        self._held = True

    def keep_apart(self, apart: Apart) -> None:
        """Let platforms go with a time of their own, from before the first record on."""
        self._apart = apart
        self._hold()

    def follows(self, batch: RecordBatch) -> bool:
        """Whether `batch` was fetched from the position or before it, so that nothing lies between."""
        return batch.start <= self.positions[batch.slot.topic]

    def take(self, batch: RecordBatch, wall: int) -> RecordBatch | None:  # noqa: C901, PLR0915 - a loop over every record, without calls that could be spared
        """Apply the records of a batch that follows; `wall` is the wall clock in epoch milliseconds.

        Return what is left of it when the ledger is behind.
        """
        topic = batch.slot.topic
        position = self.positions[topic]
        before = self.applied
        horizon = self.time.horizon(topic)
        ledger, decode = self.ledger, self._decoder.decode
        now, read = self.time.now, self.time.since(topic)
        rest = None
        for place, record in enumerate(batch.records):
            if record.offset < position:
                continue
            told = record.timestamp
            if told > wall and record.timestamp_type != LOG_APPEND_TIME:
                refused = decode(record, wall)
                if isinstance(refused, Refusal):
                    self.applied += 1
                    self._refuse(record, refused)
                    continue
                told = wall
            if now < told:
                now = max(now, min(told, horizon))
                if now >= ledger.next_due and not self._advance(now):
                    rest = batch._replace(start=record.offset, records=batch.records[place:])
                    break
            if told > read:  # noqa: PLR1730 - half the time of max: once a record
                read = told
            self.applied += 1
            event = decode(record)
            if isinstance(event, Refusal):
                self._refuse(record, event)
            else:
                self._apply(record, event)
        self.time.read(topic, read)
        self.positions[topic] = max(position, batch.end if rest is None else rest.start)
        self.read[topic] = self.read.get(topic, 0) + self.applied - before
        self.tick()
        self.behind = self.behind or rest is not None
        return rest

    def tick(self) -> bool:
        """Let time pass as far as the logs have been read; return whether the ledger had something due."""
        held = self._hold()
        now = self.time.target()
        due = now >= self.ledger.next_due
        if due:
            self._advance(now)
        else:
            self.behind = False
            self.time.move(now)
        self.behind = self.behind or not held
        return due or not held

    def _hold(self) -> bool:
        """Let platforms that are behind come as far as their own topics have been read; return whether they are there."""
        self.time.rejoin()
        behind = self.time.behind()
        if not (behind or self._limits or self._apart.suspended):
            return True
        own = {platform: at for topic, at in behind.items() for platform in self._apart.owners.get(topic, ())}
        limits = {**self._apart.suspended, **own}
        if limits != self._limits or not self._held:
            self._limits = limits
            self._held = self.ledger.hold(limits, self._most)
        return self._held

    def _advance(self, now: int) -> bool:
        """Let the ledger decide what is due up to `now`; return whether it has got there."""
        reached = self.ledger.advance(now, self._most)
        self.time.move(reached)
        self.behind = reached < now
        return not self.behind

    def take_refused(self) -> Refused:
        """Return what was refused since the last call."""
        events, self._refused = self._refused, []
        return Refused(events, [reason for reason, _ in self.ledger.take_refusals()])

    def leave(self, topics: Collection[str]) -> None:
        """Go on without these topics, and forget what was refused of them since the last commit."""
        self.time.leave(topics)
        for topic in topics:
            self.positions.pop(topic, None)
        self._refused = [(refusal, record) for refusal, record in self._refused if record.topic not in topics]

    def _apply(self, record: Stamped, event: Event) -> None:
        try:
            reason = self.ledger.apply(event)
        except Exception as bug:  # noqa: BLE001 - by contract a bug of ours, which must not stop the stream
            log.error("internal error at %s %d %d: %s", record.topic, record.partition, record.offset, place_of(bug))  # noqa: TRY400
            self._refuse(record, Refusal(Reason.INTERNAL, "", event.platform))
            return
        if reason is not None:
            self._refused.append((Refusal(reason, "", event.platform), record))

    def _refuse(self, record: Stamped, refusal: Refusal) -> None:
        self.ledger.refuse(refusal.platform, refusal.reason)
        self._refused.append((refusal, record))


def place_of(bug: BaseException) -> str:
    """Return an error's type and where it arose: its message may hold what came in."""
    frames: Iterable[traceback.FrameSummary] = traceback.extract_tb(bug.__traceback__)
    return f"{type(bug).__name__} at {', '.join(f'{frame.name}:{frame.lineno}' for frame in frames)}"
