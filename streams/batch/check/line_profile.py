"""What one platform's lines look like, gathered in one pass and in bounded memory; `mistakes` reads it."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import msgspec

from streams.batch.check.sampling import SAMPLE, HashSample, Majority
from streams.batch.check.utc_offsets import in_ambiguous_night, minutes_of, near_spring, skipped_hours
from streams.contract.events.source_records import Refusal
from streams.contract.timestamps import parse_timestamp
from streams.domain.attributes import decode
from streams.domain.events import AboutReport, Action, Filing, Heartbeat
from streams.domain.grid import DAY, HOUR, MINUTE
from streams.domain.states import State
from streams.domain.vocabulary import Outcome, Reason, Reporter

_YEAR_1971: Final = 365 * DAY
_YEAR_2010: Final = 14_610 * DAY
_MOST_WORDS: Final = 64
"""How many different key ids, offsets or groups of jurisdictions are told apart."""

_SKIPPED: Final = range(1, 4)
_RECEIPTS: Final = frozenset({Outcome.ACKNOWLEDGED, Outcome.REVIEW_STARTED, Outcome.VALIDATED})
_PRIVATE: Final = frozenset({Reporter.USER, Reporter.GUARDIAN})


class _Times(msgspec.Struct, gc=False):
    """The times of a line as they are written."""

    time: str = ""
    recordedtime: str = ""


_times: Final = msgspec.json.Decoder(_Times).decode


@dataclass(slots=True)
class ReportSeen:
    """One report of the sample: its earliest filing and action, in epoch milliseconds; None for none.

    `receipt` tells whether it was acknowledged, `acted` whether anything else was done.
    """

    filed: int | None = None
    first_action: int | None = None
    receipt: bool = False
    acted: bool = False


@dataclass(slots=True)
class Seen:
    """Counts over one platform's lines, samples of its reports, and which values are the same all the time."""

    lines: int = 0
    refused: Counter[Reason] = field(default_factory=Counter)
    future: int = 0
    ahead: list[int] = field(default_factory=list)
    """How many lines are refused since they lie in the future, and by how much they lie after they were told or after now, in
    milliseconds, of the first of them."""

    filings: int = 0
    actions: int = 0
    tests: int = 0
    trusted_persons: int = 0
    of_1970: int = 0
    before_2010: int = 0
    midnights: int = 0
    whole_minutes: int = 0
    filing_hours: list[int] = field(default_factory=lambda: [0] * 24)
    days_of_month: Counter[int] = field(default_factory=Counter)
    months: set[int] = field(default_factory=set)
    first: int | None = None
    last: int | None = None
    nights: Counter[tuple[int, int]] = field(default_factory=Counter)
    """Events by day and hour, in hours that clocks skip somewhere, around the nights in which they do."""

    offsets: Counter[int] = field(default_factory=Counter)
    """Events by the offset, in minutes, with which their times are written."""

    skipped: Counter[int] = field(default_factory=Counter)
    """Times in an hour that clocks skip, by the offset in winter of the zones that skip it, in minutes."""

    bad_times: int = 0
    bad_times_at_change: int = 0
    sampled_ids: int = 0
    foreign_ids: int = 0
    """Events whose id is in the sample of ids, and those of them that have the id of an event of another report."""

    ids: HashSample[bytes] = field(default_factory=HashSample)
    reports: HashSample[ReportSeen] = field(default_factory=HashSample)
    times: HashSample[tuple[int, int]] = field(default_factory=HashSample)
    """When events happened and when they were told, in epoch milliseconds, where they say both."""

    promises: HashSample[tuple[int, int]] = field(default_factory=HashSample)
    """When heartbeats were told and up to when they promised everything."""

    one_time: Majority = field(default_factory=Majority)
    one_recorded: Majority = field(default_factory=Majority)
    one_report: Majority = field(default_factory=Majority)
    one_label: Majority = field(default_factory=Majority)
    one_size: Majority = field(default_factory=Majority)
    one_outcome: Majority = field(default_factory=Majority)
    key_ids: set[bytes] = field(default_factory=set)
    groups: Counter[str] = field(default_factory=Counter)
    """Filings by the groups of jurisdictions that they touch, joined by `+`."""

    states: Counter[State] = field(default_factory=Counter)
    duplicates: int = 0

    def take(self, event: AboutReport, line: bytes, reason: Reason | None) -> None:
        """Look at an event that was decoded; `reason` is why the ledger refuses it."""
        self.lines += 1
        if reason is not None:
            self.refused[reason] += 1
        self._take_time(event.at)
        self._take_written(event, _times(line))
        self._take_name(event)
        if isinstance(event, Filing):
            self._take_filing(event)
        elif isinstance(event, Action):
            self._take_action(event, reason)

    def take_heartbeat(self, beat: Heartbeat) -> None:
        """Look at a heartbeat that was accepted."""
        self.promises.entry(beat.told.to_bytes(8, "little"), (beat.told, beat.complete_through))

    def refuse(self, refusal: Refusal, line: bytes, now: int) -> None:
        """Look at a line that was refused before the ledger, at `now` in epoch milliseconds."""
        self.lines += 1
        self.refused[refusal.reason] += 1
        if refusal.reason is Reason.FUTURE_TIME and refusal.field != "complete_through":
            self._take_ahead(_times(line), now)

    def delays(self) -> list[int]:
        """Return how long after they happened events were told, in milliseconds, of the sample."""
        return [told - at for at, told in self.times.values()]

    def durations(self) -> list[int]:
        """Return the time from filing to first action, in milliseconds, of the reports in the sample; also below 0."""
        return [
            report.first_action - report.filed
            for report in self.reports.values()
            if report.filed is not None and report.first_action is not None
        ]

    def _take_ahead(self, times: _Times, now: int) -> None:
        self.future += 1
        if len(self.ahead) < SAMPLE:
            at, recorded = parse_timestamp(times.time), parse_timestamp(times.recordedtime or times.time)
            self.ahead.append(at - recorded if at > recorded else recorded - now)

    def _take_time(self, at: int) -> None:
        self.first = at if self.first is None else min(self.first, at)
        self.last = at if self.last is None else max(self.last, at)
        self.of_1970 += at < _YEAR_1971
        self.before_2010 += _YEAR_1971 <= at < _YEAR_2010
        self.midnights += at % DAY == 0
        self.whole_minutes += at % MINUTE == 0
        self.one_time.add(at)
        day, rest = divmod(at, DAY)
        if rest // HOUR in _SKIPPED and near_spring(day):
            self.nights[day, rest // HOUR] += 1

    def _take_written(self, event: AboutReport, times: _Times) -> None:
        written = times.time
        year, month, day = int(written[:4]), int(written[5:7]), int(written[8:10])
        self.days_of_month[day] += 1
        self.months.add(12 * year + month - 1)
        minutes = minutes_of(written)
        if minutes in self.offsets or len(self.offsets) < _MOST_WORDS:
            self.offsets[minutes] += 1
        if minutes:
            self._take_skipped(event.at + minutes * MINUTE, minutes)
        if times.recordedtime:
            self.one_recorded.add(event.told)
            self.times.entry(event.id.to_bytes(8, "little"), (event.at, event.told))

    def _take_skipped(self, local: int, minutes: int) -> None:
        day, rest = divmod(local, DAY)
        for hour, standard in skipped_hours(day):
            if rest // HOUR == hour:
                self.skipped.update({minutes, minutes - 60} & set(standard))

    def _take_name(self, event: AboutReport) -> None:
        token = event.key.rpartition(b"|")[2]
        self.one_report.add(token)
        if len(self.key_ids) < _MOST_WORDS:
            self.key_ids.add(token[:2])
        first = self.ids.entry(event.id.to_bytes(8, "little"), token)
        if first is not None:
            self.sampled_ids += 1
            self.foreign_ids += first != token

    def _take_filing(self, filing: Filing) -> None:
        labels = decode(filing.attributes)
        self.filings += 1
        self.tests += filing.test
        self.trusted_persons += labels.trusted_flagger and labels.reporter in _PRIVATE
        self.filing_hours[filing.at // HOUR % 24] += 1
        self.one_label.add(filing.attributes)
        self.one_size.add(filing.items)
        if labels.jurisdictions in self.groups or len(self.groups) < _MOST_WORDS:
            self.groups[labels.jurisdictions] += 1
        report = self.reports.entry(filing.key, ReportSeen())
        if report is not None:
            report.filed = filing.at if report.filed is None else min(report.filed, filing.at)

    def _take_action(self, action: Action, reason: Reason | None) -> None:
        self.actions += 1
        self.one_outcome.add(action.deed)
        if reason is Reason.BAD_TIME:
            self.bad_times += 1
            self.bad_times_at_change += in_ambiguous_night(action.at)
        report = self.reports.entry(action.key, ReportSeen())
        if report is not None:
            first = report.first_action
            report.first_action = action.at if first is None else min(first, action.at)
            receipt = action.deed.outcome in _RECEIPTS
            report.receipt |= receipt
            report.acted |= not receipt
