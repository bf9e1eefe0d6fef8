"""Apply record batches to the ledger of one partition, and keep log time and offsets; no input or output.

A batch is applied only if it starts at the next offset or before it; records before the next offset are skipped.
"""

import logging
import traceback
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from streams.contract.events.decoder import Refusal
from streams.contract.outputs.refusal_records import encode_refusal_row
from streams.domain.events import Event
from streams.domain.log_time import PartitionClock
from streams.domain.vocabulary import RefusalReason
from streams.runtime.journal.journal import Row
from streams.runtime.kafka.records import LOG_APPEND_TIME, RecordBatch, TimestampedRecord
from streams.runtime.partition.protocols import Ledger, RecordDecoder
from streams.runtime.partition.takeover.starting_point import LaggingPlatforms, StartingPoint

log = logging.getLogger(__name__)


class RefusedEvents(NamedTuple):
    """The refusals since the last commit: with their records, and the reasons of those whose record is not known.

    `rows` are the encoded refusals, in the order of `events`.
    """

    events: list[tuple[Refusal, TimestampedRecord]]
    rows: list[Row]
    late_reasons: list[RefusalReason]

    def rows_by_source(self) -> Iterator[tuple[str, Row]]:
        """Yield the encoded refusals, each with the source topic of its record."""
        return ((record.topic, row) for (_, record), row in zip(self.events, self.rows, strict=True))


class ReadProgress(NamedTuple):
    """How far a partition was read: its log time, and by source topic the next offset and the number of records read.

    Topics that are not read have no next offset. `catching_up` are the topics that are read but behind the partition,
    with the instant up to which they were read.
    """

    log_time: int
    next_offsets: Mapping[str, int]
    records_read: Mapping[str, int]
    catching_up: Mapping[str, int] = {}


class PartitionProcessor:
    """Advance ledger, log time and offsets of one partition together.

    `start` says where. `next_offsets` are the next offsets by source topic. `records_read` counts the records of each topic since the
    partition was begun, `uncommitted_records` those since the last commit, refused records included. `max_due` is how
    many due reports may be processed between two commits. While more are due, `has_due_work` is true: log time stops
    at the instant reached, and no later record is applied.
    """

    def __init__(self, ledger: Ledger, decoder: RecordDecoder, max_due: int = 10_000) -> None:
        self.ledger = ledger
        self.partition_clock = PartitionClock(())
        self.next_offsets: dict[str, int] = {}
        self.records_read: dict[str, int] = {}
        self.uncommitted_records = 0
        self.has_due_work = False
        self._max_due = max_due
        self._decoder = decoder
        self._refused: list[tuple[Refusal, TimestampedRecord]] = []
        self._refusal_rows: list[Row] = []
        self._lagging = LaggingPlatforms()
        self._lagging_limits: Mapping[str, int] = {}
        self._has_reached_limits = True

    def start(self, start: StartingPoint) -> None:
        """Continue at `start`; call it once, before the first record."""
        self.partition_clock = start.partition_clock
        self.next_offsets = dict(start.next_offsets)
        self.records_read = dict(start.records_read)
        self._lagging = start.lagging
        self._advance_lagging()

    def is_contiguous(self, batch: RecordBatch) -> bool:
        """Return whether `batch` starts at the next offset or before it, so that no record is missing."""
        return batch.start <= self.next_offsets[batch.topic_partition.topic]

    def process(self, batch: RecordBatch, wall: int) -> RecordBatch | None:  # noqa: C901, PLR0915 - one loop over all records, without avoidable calls
        """Apply the records of a contiguous batch; `wall` is the wall clock in epoch milliseconds.

        Return the rest of the batch if the ledger has due reports to process first, otherwise None.
        """
        topic = batch.topic_partition.topic
        position = self.next_offsets[topic]
        uncommitted_before = self.uncommitted_records
        limit = self.partition_clock.limit_for(topic)
        ledger, decode = self.ledger, self._decoder.decode
        now, read_through = self.partition_clock.now, self.partition_clock.resume_time(topic)
        rest = None
        for index, record in enumerate(batch.records):
            if record.offset < position:
                continue
            logged_at = record.timestamp
            if logged_at > wall and record.timestamp_type != LOG_APPEND_TIME:
                refusal = decode(record, wall)
                if isinstance(refusal, Refusal):
                    self.uncommitted_records += 1
                    self._refuse(record, refusal)
                    continue
                logged_at = wall
            if now < logged_at:
                now = max(now, min(logged_at, limit))
                if now >= ledger.next_due and not self._advance_to(now):
                    rest = batch._replace(start=record.offset, records=batch.records[index:])
                    break
            if logged_at > read_through:  # noqa: PLR1730 - takes half the time of max(), for every record
                read_through = logged_at
            self.uncommitted_records += 1
            event = decode(record)
            if isinstance(event, Refusal):
                self._refuse(record, event)
            else:
                self._apply(record, event)
        self.partition_clock.set_applied_through(topic, read_through)
        self.next_offsets[topic] = max(position, batch.end if rest is None else rest.start)
        self.records_read[topic] = self.records_read.get(topic, 0) + self.uncommitted_records - uncommitted_before
        self.advance()
        self.has_due_work = self.has_due_work or rest is not None
        return rest

    def advance(self) -> bool:
        """Advance time as far as the logs were read; return whether the ledger had anything due."""
        lagging_reached = self._advance_lagging()
        now = self.partition_clock.target()
        is_due = now >= self.ledger.next_due
        if is_due:
            self._advance_to(now)
        else:
            self.has_due_work = False
            self.partition_clock.advance(now)
        self.has_due_work = self.has_due_work or not lagging_reached
        return is_due or not lagging_reached

    def _advance_lagging(self) -> bool:
        """Advance lagging platforms as far as their own topics were read; return whether all have reached that time."""
        self.partition_clock.merge_caught_up()
        catching_up = self.partition_clock.topics_behind()
        if not (catching_up or self._lagging_limits or self._lagging.suspended):
            return True
        own_limits = {
            platform: at
            for topic, at in catching_up.items()
            for platform in self._lagging.platforms_by_topic.get(topic, ())
        }
        limits = {**self._lagging.suspended, **own_limits}
        if limits != self._lagging_limits or not self._has_reached_limits:
            self._lagging_limits = limits
            self._has_reached_limits = self.ledger.advance_limited(limits, self._max_due)
        return self._has_reached_limits

    def _advance_to(self, now: int) -> bool:
        """Let the ledger process what is due up to `now`; return whether it reached `now`."""
        reached = self.ledger.advance(now, self._max_due)
        self.partition_clock.advance(reached)
        self.has_due_work = reached < now
        return not self.has_due_work

    def prepare_changes(self) -> None:
        """Do now what a commit needs of the records processed so far: a commit of many records blocks the others."""
        self.ledger.prepare_changes()
        self._encode_refusals()

    def _encode_refusals(self) -> None:
        for refusal, record in self._refused[len(self._refusal_rows) :]:
            self._refusal_rows.append(encode_refusal_row(refusal, record))

    def drain_refusals(self) -> RefusedEvents:
        """Return the refusals since the last call."""
        self._encode_refusals()
        events, self._refused = self._refused, []
        rows, self._refusal_rows = self._refusal_rows, []
        return RefusedEvents(events, rows, [reason for reason, _ in self.ledger.drain_late_refusals()])

    def drop_topics(self, topics: Collection[str]) -> None:
        """Stop reading these topics, and drop their refusals since the last commit."""
        self.partition_clock.remove(topics)
        for topic in topics:
            self.next_offsets.pop(topic, None)
        self._refused = [(refusal, record) for refusal, record in self._refused if record.topic not in topics]
        self._refusal_rows = []

    def _apply(self, record: TimestampedRecord, event: Event) -> None:
        try:
            reason = self.ledger.apply(event)
        except Exception as error:  # noqa: BLE001 - any exception here is a bug of ours, which must not stop the stream
            location = f"{record.topic} {record.partition} {record.offset}"
            log.error("internal error at %s: %s", location, error_location(error))  # noqa: TRY400 - a traceback could show the event
            self._refuse(record, Refusal(RefusalReason.INTERNAL, "", event.platform))
            return
        if reason is not None:
            self._refused.append((Refusal(reason, "", event.platform), record))

    def _refuse(self, record: TimestampedRecord, refusal: Refusal) -> None:
        self.ledger.count_refusal(refusal.platform, refusal.reason)
        self._refused.append((refusal, record))


def error_location(error: BaseException) -> str:
    """Return an error's type and the lines where it was raised; its message may contain data of an event."""
    frames: Iterable[traceback.FrameSummary] = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} at {', '.join(f'{frame.name}:{frame.lineno}' for frame in frames)}"
