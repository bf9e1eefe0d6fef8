"""Collect counts and samples of one platform's lines, in one pass and bounded memory, for the mistakes to read."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import msgspec

from streams.batch.check.sampling import SAMPLE_SIZE, HashSample, Majority
from streams.batch.check.utc_offsets import (
    is_in_ambiguous_night,
    is_near_spring_change,
    parse_offset_minutes,
    skipped_hours,
)
from streams.contract.events.source_records import Refusal
from streams.contract.timestamps import parse_timestamp
from streams.domain.clocks.state_machine import State
from streams.domain.duration_bins import DAY, HOUR, MINUTE
from streams.domain.events import Action, Filing, Heartbeat, ReportEvent
from streams.domain.labels import decode_labels
from streams.domain.vocabulary import Outcome, RefusalReason, Reporter

_YEAR_1971: Final = 365 * DAY
_YEAR_2010: Final = 14_610 * DAY
_MAX_DISTINCT_VALUES: Final = 64
"""How many different key ids, offsets or groups of jurisdictions are counted separately."""

_SKIPPED_HOURS: Final = range(1, 4)
_RECEIPT_OUTCOMES: Final = frozenset({Outcome.ACKNOWLEDGED, Outcome.REVIEW_STARTED, Outcome.VALIDATED})
_PRIVATE_REPORTERS: Final = frozenset({Reporter.USER, Reporter.GUARDIAN})


class _WrittenTimes(msgspec.Struct, gc=False):
    """The timestamps of a line as text."""

    time: str = ""
    recordedtime: str = ""


_decode_times: Final = msgspec.json.Decoder(_WrittenTimes).decode


@dataclass(slots=True)
class ReportTimes:
    """One report of the sample: the times of its earliest filing and action, in epoch milliseconds; None without one.

    `has_receipt` says that the report was acknowledged.
    """

    filed_at: int | None = None
    first_action_at: int | None = None
    has_receipt: bool = False


@dataclass(slots=True)
class LineProfile:
    """Counts over one platform's lines, samples of its events and reports, and the most common values."""

    lines: int = 0
    refused: Counter[RefusalReason] = field(default_factory=Counter)
    future_lines: int = 0
    future_by_ms: list[int] = field(default_factory=list)
    """The lines that are refused since they are in the future; for the first of them, by how many milliseconds their
    `time` is after `recordedtime`, or their `recordedtime` after now."""

    filings: int = 0
    actions: int = 0
    tests: int = 0
    trusted_persons: int = 0
    in_1970: int = 0
    before_2010: int = 0
    midnights: int = 0
    whole_minutes: int = 0
    filing_hours: list[int] = field(default_factory=lambda: [0] * 24)
    days_of_month: Counter[int] = field(default_factory=Counter)
    months: set[int] = field(default_factory=set)
    first_at: int | None = None
    last_at: int | None = None
    spring_hours: Counter[tuple[int, int]] = field(default_factory=Counter)
    """Events by day and hour, for hours that a daylight saving change skips, within a week of such a change."""

    offsets: Counter[int] = field(default_factory=Counter)
    """Events by the offset of their `time`, in minutes."""

    skipped_hours: Counter[int] = field(default_factory=Counter)
    """Times in an hour that a daylight saving change skips, by the winter offset of the zones, in minutes."""

    bad_times: int = 0
    bad_times_at_change: int = 0
    sampled_ids: int = 0
    foreign_ids: int = 0
    """Events whose id is in the sample of ids, and those of them whose id belongs to an event of another report."""

    ids: HashSample[bytes] = field(default_factory=HashSample)
    reports: HashSample[ReportTimes] = field(default_factory=HashSample)
    event_times: HashSample[tuple[int, int]] = field(default_factory=HashSample)
    """When events occurred and when they were logged, in epoch milliseconds, for events with both times."""

    heartbeat_times: HashSample[tuple[int, int]] = field(default_factory=HashSample)
    """When heartbeats were logged, and their `complete_through`, in epoch milliseconds."""

    common_time: Majority = field(default_factory=Majority)
    common_recorded_time: Majority = field(default_factory=Majority)
    common_report: Majority = field(default_factory=Majority)
    common_labels: Majority = field(default_factory=Majority)
    common_size: Majority = field(default_factory=Majority)
    common_outcome: Majority = field(default_factory=Majority)
    key_ids: set[bytes] = field(default_factory=set)
    jurisdiction_groups: Counter[str] = field(default_factory=Counter)
    """Filings by their groups of jurisdictions, joined by `+`."""

    states: Counter[State] = field(default_factory=Counter)
    duplicates: int = 0

    def add_event(self, event: ReportEvent, line: bytes, reason: RefusalReason | None) -> None:
        """Add a decoded event; `reason` is why the ledger refuses it, None if it is accepted."""
        self.lines += 1
        if reason is not None:
            self.refused[reason] += 1
        self._add_time(event.at)
        self._add_written_time(event, _decode_times(line))
        self._add_ids(event)
        if isinstance(event, Filing):
            self._add_filing(event)
        elif isinstance(event, Action):
            self._add_action(event, reason)

    def add_heartbeat(self, heartbeat: Heartbeat) -> None:
        """Add an accepted heartbeat."""
        self.heartbeat_times.get_or_add(
            heartbeat.logged_at.to_bytes(8, "little"), (heartbeat.logged_at, heartbeat.complete_through)
        )

    def add_refused(self, refusal: Refusal, line: bytes, now: int) -> None:
        """Add a line that the decoder refused at `now`, in epoch milliseconds."""
        self.lines += 1
        self.refused[refusal.reason] += 1
        if refusal.reason is RefusalReason.FUTURE_TIME and refusal.field != "complete_through":
            self._add_future_time(_decode_times(line), now)

    def delays(self) -> list[int]:
        """Return by how many milliseconds the events of the sample were logged after they occurred."""
        return [logged_at - at for at, logged_at in self.event_times.values()]

    def durations(self) -> list[int]:
        """Return the times from filing to first action, in milliseconds, of the sampled reports; some may be negative."""
        return [
            report.first_action_at - report.filed_at
            for report in self.reports.values()
            if report.filed_at is not None and report.first_action_at is not None
        ]

    def _add_future_time(self, times: _WrittenTimes, now: int) -> None:
        self.future_lines += 1
        if len(self.future_by_ms) < SAMPLE_SIZE:
            at, recorded = parse_timestamp(times.time), parse_timestamp(times.recordedtime or times.time)
            self.future_by_ms.append(at - recorded if at > recorded else recorded - now)

    def _add_time(self, at: int) -> None:
        self.first_at = at if self.first_at is None else min(self.first_at, at)
        self.last_at = at if self.last_at is None else max(self.last_at, at)
        self.in_1970 += at < _YEAR_1971
        self.before_2010 += _YEAR_1971 <= at < _YEAR_2010
        self.midnights += at % DAY == 0
        self.whole_minutes += at % MINUTE == 0
        self.common_time.add(at)
        day, time_of_day = divmod(at, DAY)
        if time_of_day // HOUR in _SKIPPED_HOURS and is_near_spring_change(day):
            self.spring_hours[day, time_of_day // HOUR] += 1

    def _add_written_time(self, event: ReportEvent, times: _WrittenTimes) -> None:
        text = times.time
        year, month, day = int(text[:4]), int(text[5:7]), int(text[8:10])
        self.days_of_month[day] += 1
        self.months.add(12 * year + month - 1)
        minutes = parse_offset_minutes(text)
        if minutes in self.offsets or len(self.offsets) < _MAX_DISTINCT_VALUES:
            self.offsets[minutes] += 1
        if minutes:
            self._add_skipped_hour(event.at + minutes * MINUTE, minutes)
        if times.recordedtime:
            self.common_recorded_time.add(event.logged_at)
            self.event_times.get_or_add(event.id.to_bytes(8, "little"), (event.at, event.logged_at))

    def _add_skipped_hour(self, local: int, minutes: int) -> None:
        day, time_of_day = divmod(local, DAY)
        for hour, standard in skipped_hours(day):
            if time_of_day // HOUR == hour:
                self.skipped_hours.update({minutes, minutes - 60} & set(standard))

    def _add_ids(self, event: ReportEvent) -> None:
        token = event.key.rpartition(b"|")[2]
        self.common_report.add(token)
        if len(self.key_ids) < _MAX_DISTINCT_VALUES:
            self.key_ids.add(token[:2])
        first = self.ids.get_or_add(event.id.to_bytes(8, "little"), token)
        if first is not None:
            self.sampled_ids += 1
            self.foreign_ids += first != token

    def _add_filing(self, filing: Filing) -> None:
        labels = decode_labels(filing.encoded_labels)
        self.filings += 1
        self.tests += filing.is_test
        self.trusted_persons += labels.trusted_flagger and labels.reporter in _PRIVATE_REPORTERS
        self.filing_hours[filing.at // HOUR % 24] += 1
        self.common_labels.add(filing.encoded_labels)
        self.common_size.add(filing.items)
        if labels.jurisdictions in self.jurisdiction_groups or len(self.jurisdiction_groups) < _MAX_DISTINCT_VALUES:
            self.jurisdiction_groups[labels.jurisdictions] += 1
        report = self.reports.get_or_add(filing.key, ReportTimes())
        if report is not None:
            report.filed_at = filing.at if report.filed_at is None else min(report.filed_at, filing.at)

    def _add_action(self, action: Action, reason: RefusalReason | None) -> None:
        self.actions += 1
        self.common_outcome.add(action.kind)
        if reason is RefusalReason.BAD_TIME:
            self.bad_times += 1
            self.bad_times_at_change += is_in_ambiguous_night(action.at)
        report = self.reports.get_or_add(action.key, ReportTimes())
        if report is not None:
            first = report.first_action_at
            report.first_action_at = action.at if first is None else min(first, action.at)
            report.has_receipt |= action.kind.outcome in _RECEIPT_OUTCOMES
