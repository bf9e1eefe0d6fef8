"""The fast path for simple reports: append their events to rows, and count them once when the report is flushed.

A buffered report is flushed before it is processed, stored or read. Flushing counts what the new entries change,
without evaluating the report before and after. Every other event is left to the general path (`general_path`), which is
the definition; property tests compare the rows, cohorts and counters of both paths.
"""

from bisect import bisect_left
from collections.abc import Callable
from operator import itemgetter
from typing import Final

from streams.domain.clocks.selection import ClockSelector
from streams.domain.cohorts.cohort import StoredCohort
from streams.domain.cohorts.profile import FROM_START
from streams.domain.duration_bins import DAY, EDGES, MINUTE, SECOND, bin_of
from streams.domain.events import ACTION_CODES, AMENDMENT_CODE, FILING_CODE, Action, Amendment, Filing
from streams.domain.labels import encode_amendment, is_downgrade
from streams.domain.ledger import counters
from streams.domain.ledger.aggregates import Aggregates
from streams.domain.ledger.fast_path.at_hand import Report
from streams.domain.ledger.fast_path.deeds import Deeds
from streams.domain.ledger.fast_path.path import Path
from streams.domain.ledger.fast_path.sequence_index import SequenceIndexes
from streams.domain.ledger.fast_path.updates import Updates
from streams.domain.ledger.platform_state import PlatformState
from streams.domain.reports.measurement import delayed_entry_bin
from streams.domain.reports.report_row import (
    MAX_SIMPLE_ENTRIES,
    Entry,
    ReportRow,
    UnpackedReport,
    has_downgrade,
    is_simple,
)

_id_of: Final = itemgetter(Entry._fields.index("id"))


class Settling:
    """Appends the events of simple reports and flushes them; an event that needs the general path changes nothing.

    `file` and `append` handle nineteen events in twenty, and `settle` most reports, so they call few functions.
    """

    def __init__(
        self, regimes: ClockSelector, books: Aggregates, belongs: Callable[[bytes], bool], *, quick: bool
    ) -> None:
        self.cohort = books.get_or_create_cohort
        self._touched = books.changed_cohorts
        self._divided = books.changed_in_divided
        self._regimes = regimes
        self._indexes = SequenceIndexes()
        self._deeds = Deeds()
        self._notices = books.updates
        self._updates = Updates(books.updates)
        self._belongs = belongs
        self._quick = quick

    def file(self, platform: PlatformState, filed: Filing) -> Report | None:
        """Return the buffered report that a first filing starts; None if it needs the general path."""
        at, labels = filed.at, filed.encoded_labels
        path = self._indexes[self._regimes.clocks_for(labels, at)].filed
        if path is None or filed.is_test or filed.is_history or not self._belongs(filed.key):
            return None
        # What Entry(…) does, at a third of its cost.
        entry = (at, FILING_CODE, filed.items, labels, filed.content, filed.id, filed.logged_at - at)
        return Report(platform.allowance_s, [tuple.__new__(Entry, entry)], path)

    def append(self, report: Report, event: Action | Amendment) -> bool:
        """Append an event that is later than all entries of a simple report; False if it needs the general path."""
        path, entries, at = report.path, report.entries, event.at
        if at <= entries[-1].at or event.id in map(_id_of, entries):
            return False
        if type(event) is Action:
            code, items = ACTION_CODES[event.kind], event.items
        else:
            assert isinstance(event, Amendment), "the only other one"
            code, items = AMENDMENT_CODE, encode_amendment(event.harm, event.severity)
            if is_downgrade(entries[0].encoded_labels, items):
                return False
        after = path.onward.get(code) or self._after(report, path, code)
        if (
            after is None
            or after.ended is None
            or len(entries) == MAX_SIMPLE_ENTRIES
            or (items and entries[0].number != 1)
        ):
            return False
        entries.append(tuple.__new__(Entry, (at, code, items, "", event.content, event.id, event.logged_at - at)))
        report.path = after
        return True

    def join(self, platform: PlatformState, waiting: UnpackedReport, filed: Filing) -> Report | None:
        """Return the buffered report that an orphan becomes with its filing; None if it needs the general path."""
        report, entries = self.file(platform, filed) if self._quick else None, waiting.entries
        if (
            report is None
            or isinstance(waiting, Report)
            or entries[0].at <= filed.at
            or len(entries) >= MAX_SIMPLE_ENTRIES
        ):
            return None
        report.allowance_s = waiting.allowance_s
        for entry in entries:
            after = self._after(report, report.path, entry.code)
            if after is None or after.ended is None:
                return None
            report.path = after
            report.entries.append(entry)
        if not is_simple(report.entries) or has_downgrade(report.entries, filed.encoded_labels):
            return None
        report.at_once = len(report.entries)
        self._deeds.await_no_longer(platform, waiting)
        return report

    def read(self, platform: PlatformState, row: ReportRow) -> UnpackedReport:
        """Return the unpacked report of a stored row, all of whose entries are flushed."""
        allowance, entries, _ = row
        path = self.path_of(entries)
        if path is None:
            return UnpackedReport(allowance, entries)
        report = Report(allowance, entries, path)
        filed = entries[0]
        report.posted = len(entries)
        report.placed = path
        report.is_open, report.is_final = path.open, path.settled
        report.cohort = self.cohort(platform, filed.at // DAY, filed.encoded_labels)
        report.risk = delayed_entry_bin(filed, allowance * SECOND)
        report.values = [filed.at % DAY // MINUTE, *[bin_of(entry.at - filed.at) for entry in entries[1:]]]
        report.signature = path.signature(report.risk, report.values)
        return report

    def path_of(self, entries: list[Entry]) -> Path | None:
        """Return the path of a report's entries, None for a report that is not simple."""
        filed = entries[0]
        if not self._quick or filed.code != FILING_CODE or not is_simple(entries):
            return None
        path = self._indexes[self._regimes.clocks_for(filed.encoded_labels, filed.at)].path_of(
            tuple([entry.code for entry in entries])
        )
        if path is None or (path.amended and has_downgrade(entries, filed.encoded_labels)):
            return None
        return path

    # One loop updates counters, sums and report updates, since most reports pass it once or twice.
    def settle(  # noqa: C901, PLR0915
        self, platform: PlatformState, key: bytes, report: Report, horizon: int
    ) -> None:
        """Flush the buffered entries of a simple report, whose deadlines are decided up to `horizon`."""
        entries, path = report.entries, report.path
        filed, posted = entries[0], report.posted
        at = filed.at
        if posted:
            old, values, passed = report.signature, report.values, report.placed
        else:
            old, values, passed = self._enter(platform, report, path, horizon)
            posted = 1
        name, cohort = report.cohort
        updates = self._updates if self._notices.is_wanted else None
        early = at + path.shortest > horizon and filed.log_delay < path.shortest
        for place, entry in enumerate(entries[posted:], posted):
            passed = passed.onward.get(entry.code) or self._after(report, passed, entry.code) or passed
            duration = entry.at - at
            value = bisect_left(EDGES, duration)
            values.append(value)
            if updates and passed.ended:
                updates.on_end(key, report, passed, place, value)
            if early:
                counts = passed.counter_cache.get(value) or self._deeds.learn(passed, value)
                platform.pending_counts[counts] += 1
                if counts.sums:
                    platform.pending_durations[counts] += duration
                    for total in counts.sums:
                        cohort[total] = cohort.get(total, 0) + duration
            else:
                self._deeds.count(platform, report, passed, 0 if place < report.at_once else horizon)
        if updates and not report.posted and not early:
            updates.on_deadline(key, report, path, 0, horizon)
        report.posted, report.placed = len(entries), path
        report.is_open, report.is_final = path.open, path.settled
        report.signature = signature = path.signature(report.risk, values)
        self._touched.add(name)
        if old != signature:
            _move(cohort, old, signature)
            if name in self._divided:
                self._divided[name].update((old, signature) if old else (signature,))

    def miss(self, platform: PlatformState, key: bytes, report: Report, before: int) -> None:
        """Count and report the deadlines of a flushed simple report that have passed since `before`."""
        self._deeds.miss(platform, report, report.placed, (before, platform.decided_through))
        if self._notices.is_wanted:
            self._updates.on_deadline(key, report, report.placed, before, platform.decided_through)

    def _after(self, report: Report, path: Path, code: int) -> Path | None:
        """Return the path of a report after one more entry."""
        filed = report.entries[0]
        return self._indexes[self._regimes.clocks_for(filed.encoded_labels, filed.at)].after(path, code)

    def _enter(
        self, platform: PlatformState, report: Report, path: Path, horizon: int
    ) -> tuple[bytes, list[int], Path]:
        """Count the filing of a report.

        Returns its former profile (empty: no cohort counts it yet), its values, and the path of the filing.
        """
        first = path
        while first.before is not None:
            first = first.before
        at, delay = report.entries[0].at, report.entries[0].log_delay
        platform.counts[counters.FILED] += 1
        report.risk = bin_of(delay) if delay > report.allowance_s * SECOND else FROM_START
        report.values = values = [at % DAY // MINUTE]
        if at + path.shortest <= horizon:
            self._deeds.miss(platform, report, path.at(report.at_once), (0, horizon))
        return b"", values, first


def _move(cohort: StoredCohort, old: bytes, new: bytes) -> None:
    """Count a report under another profile; an empty old profile means that the report was not counted before."""
    cohort[new] = cohort.get(new, 0) + 1
    if old:
        left = cohort[old] - 1
        if left:
            cohort[old] = left
        else:
            del cohort[old]
