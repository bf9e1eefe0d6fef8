"""The application of record batches to one partition's ledger: pure bookkeeping, no input or output.

A batch is applied only if it was fetched from the position or before it; records below the position are skipped.
"""

import logging
import traceback
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple, Protocol

from streams.contract.events.decoder import Refusal
from streams.domain.events import Event
from streams.domain.ledger.report_store import Reports
from streams.domain.ledger.report_updates import ReportUpdate
from streams.domain.log_time import PartitionClock
from streams.domain.vocabulary import Reason
from streams.runtime.kafka.records import LOG_APPEND_TIME, RecordBatch, TimestampedRecord

log = logging.getLogger(__name__)


class Ledger(Protocol):
    """What the runtime asks of a ledger."""

    @property
    def next_due(self) -> int:
        """The epoch millisecond from which `advance` has work."""

    def apply(self, event: Event) -> Reason | None:
        """Take one fact; a reason says that it is refused."""

    def advance(self, now: int, max_due: int) -> int:
        """Move time to `now`, or as far as `most` reports come up on the way, and return how far."""

    def count_refusal(self, platform: str, reason: Reason) -> None:
        """Count a refusal decided elsewhere."""

    def advance_limited(self, limits: Mapping[str, int], max_due: int) -> bool:
        """Decide what concerns some platforms up to their instants and no further; return whether they got there."""

    def drain_late_refusals(self) -> list[tuple[Reason, str]]:
        """Return the refusals that came later than their record, with the platform."""

    def prepare_changes(self) -> None:
        """Do ahead what `take_changes` would have to do."""

    def drain_changes(self) -> dict[bytes, bytes | None]:
        """Return the rows that changed since the last call."""

    def drain_faults(self) -> Mapping[str, Exception]:
        """Return the platforms of which nothing may be stored, since something of them failed; after `take_changes`."""

    def suspend(self, platforms: Collection[str]) -> None:
        """Let go of platforms: no row of theirs changes any more."""

    def drain_updates(self) -> list[ReportUpdate]:
        """Return the notices about single reports; after `take_changes`."""

    def restore(self, reports: Reports, others: Mapping[bytes, bytes]) -> None:
        """Take what was restored: reports by their keys without `r|`, which are the ledger's from now on, and all else."""

    def start(self, now: int = 0) -> None:
        """Begin, with a partition that had reached `now`."""


class RecordDecoder(Protocol):
    """Bytes to an event or the reason for its refusal; never raises."""

    def decode(self, record: TimestampedRecord, now: int | None = None) -> Event | Refusal:
        """Return the event in a record; `wall` is the clock's time where the sender stamped it."""


class RefusedEvents(NamedTuple):
    """What was refused since the last commit: with the record, and `late`, by reason, when it is no longer known."""

    events: list[tuple[Refusal, TimestampedRecord]]
    late_reasons: list[Reason]


class LaggingPlatforms(NamedTuple):
    """Platforms that do not go with the time of all, as long as they do not.

    `suspended` are those whose topics are not read, with the instant up to which they were; `owners` are the platforms
    of each topic, which may come back behind the others.
    """

    suspended: Mapping[str, int] = {}
    platforms_by_topic: Mapping[str, frozenset[str]] = {}


class ReadProgress(NamedTuple):
    """How far a partition has come: `now` is its log time; by source topic the next offset and how many were read.

    Topics that are not read have no position. `behind` are those that are read and catch up, with the instant up to
    which they were.
    """

    log_time: int
    next_offsets: Mapping[str, int]
    records_read: Mapping[str, int]
    catching_up: Mapping[str, int] = {}


class PartitionProcessor:
    """Ledger, log time and positions of one partition, moved together.

    `positions` is the next offset per source topic, `read` how many of its records were applied, refused ones
    included, since the partition was begun; `applied` counts records, refused ones included, until its reader
    sets it back. `most` is how many reports may come up between two commits. With more to decide the ledger is
    `behind` its logs: time stands where it has got to, and no record is applied that was told later.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what one partition is made of
        self,
        ledger: Ledger,
        decoder: RecordDecoder,
        partition_clock: PartitionClock,
        next_offsets: Mapping[str, int],
        max_due: int = 10_000,
        records_read: Mapping[str, int] | None = None,
    ) -> None:
        self.ledger = ledger
        self.partition_clock = partition_clock
        self.next_offsets = dict(next_offsets)
        self.records_read = dict(records_read or {})
        self.uncommitted_records = 0
        self.has_due_work = False
        self._max_due = max_due
        self._decoder = decoder
        self._refused: list[tuple[Refusal, TimestampedRecord]] = []
        self._lagging = LaggingPlatforms()
        self._lagging_limits: Mapping[str, int] = {}
        self._has_reached_limits = True

    def set_lagging_platforms(self, lagging: LaggingPlatforms) -> None:
        """Let platforms go with a time of their own, from before the first record on."""
        self._lagging = lagging
        self._advance_lagging()

    def is_contiguous(self, batch: RecordBatch) -> bool:
        """Whether `batch` was fetched from the position or before it, so that nothing lies between."""
        return batch.start <= self.next_offsets[batch.topic_partition.topic]

    def process(self, batch: RecordBatch, wall: int) -> RecordBatch | None:  # noqa: C901, PLR0915 - a loop over every record, without calls that could be spared
        """Apply the records of a batch that follows; `wall` is the wall clock in epoch milliseconds.

        Return what is left of it when the ledger is behind.
        """
        topic = batch.topic_partition.topic
        position = self.next_offsets[topic]
        before = self.uncommitted_records
        limit = self.partition_clock.limit_for(topic)
        ledger, decode = self.ledger, self._decoder.decode
        now, read = self.partition_clock.now, self.partition_clock.resume_time(topic)
        rest = None
        for place, record in enumerate(batch.records):
            if record.offset < position:
                continue
            logged_at = record.timestamp
            if logged_at > wall and record.timestamp_type != LOG_APPEND_TIME:
                refused = decode(record, wall)
                if isinstance(refused, Refusal):
                    self.uncommitted_records += 1
                    self._refuse(record, refused)
                    continue
                logged_at = wall
            if now < logged_at:
                now = max(now, min(logged_at, limit))
                if now >= ledger.next_due and not self._advance_to(now):
                    rest = batch._replace(start=record.offset, records=batch.records[place:])
                    break
            if logged_at > read:  # noqa: PLR1730 - half the time of max: once a record
                read = logged_at
            self.uncommitted_records += 1
            event = decode(record)
            if isinstance(event, Refusal):
                self._refuse(record, event)
            else:
                self._apply(record, event)
        self.partition_clock.set_applied_through(topic, read)
        self.next_offsets[topic] = max(position, batch.end if rest is None else rest.start)
        self.records_read[topic] = self.records_read.get(topic, 0) + self.uncommitted_records - before
        self.advance()
        self.has_due_work = self.has_due_work or rest is not None
        return rest

    def advance(self) -> bool:
        """Let time pass as far as the logs have been read; return whether the ledger had something due."""
        held = self._advance_lagging()
        now = self.partition_clock.target()
        due = now >= self.ledger.next_due
        if due:
            self._advance_to(now)
        else:
            self.has_due_work = False
            self.partition_clock.advance(now)
        self.has_due_work = self.has_due_work or not held
        return due or not held

    def _advance_lagging(self) -> bool:
        """Let platforms that are behind come as far as their own topics have been read; return whether they are there."""
        self.partition_clock.merge_caught_up()
        behind = self.partition_clock.topics_behind()
        if not (behind or self._lagging_limits or self._lagging.suspended):
            return True
        own = {
            platform: at for topic, at in behind.items() for platform in self._lagging.platforms_by_topic.get(topic, ())
        }
        limits = {**self._lagging.suspended, **own}
        if limits != self._lagging_limits or not self._has_reached_limits:
            self._lagging_limits = limits
            self._has_reached_limits = self.ledger.advance_limited(limits, self._max_due)
        return self._has_reached_limits

    def _advance_to(self, now: int) -> bool:
        """Let the ledger decide what is due up to `now`; return whether it has got there."""
        reached = self.ledger.advance(now, self._max_due)
        self.partition_clock.advance(reached)
        self.has_due_work = reached < now
        return not self.has_due_work

    def drain_refusals(self) -> RefusedEvents:
        """Return what was refused since the last call."""
        events, self._refused = self._refused, []
        return RefusedEvents(events, [reason for reason, _ in self.ledger.drain_late_refusals()])

    def drop_topics(self, topics: Collection[str]) -> None:
        """Go on without these topics, and forget what was refused of them since the last commit."""
        self.partition_clock.remove(topics)
        for topic in topics:
            self.next_offsets.pop(topic, None)
        self._refused = [(refusal, record) for refusal, record in self._refused if record.topic not in topics]

    def _apply(self, record: TimestampedRecord, event: Event) -> None:
        try:
            reason = self.ledger.apply(event)
        except Exception as bug:  # noqa: BLE001 - by contract a bug of ours, which must not stop the stream
            place = f"{record.topic} {record.partition} {record.offset}"
            log.error("internal error at %s: %s", place, error_location(bug))  # noqa: TRY400 - an event stands in it
            self._refuse(record, Refusal(Reason.INTERNAL, "", event.platform))
            return
        if reason is not None:
            self._refused.append((Refusal(reason, "", event.platform), record))

    def _refuse(self, record: TimestampedRecord, refusal: Refusal) -> None:
        self.ledger.count_refusal(refusal.platform, refusal.reason)
        self._refused.append((refusal, record))


def error_location(error: BaseException) -> str:
    """Return an error's type and where it arose: its message may hold what came in."""
    frames: Iterable[traceback.FrameSummary] = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} at {', '.join(f'{frame.name}:{frame.lineno}' for frame in frames)}"
