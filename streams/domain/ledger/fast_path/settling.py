"""The short way for plain reports: take their events as they come, post what they amount to once, when it is asked.

To take an event is to put it into its report's row, which then waits to be settled: before anything is decided about
the report, is stored or is read. Settling posts to the books what the row's new entries change, without reading the
report as it was and as it is. Whatever is not plain is left to the long way (`appraise` and `books`), which says what
is right; properties hold the two to the same rows, cohorts and counters.
"""

from bisect import bisect_left
from collections.abc import Callable
from operator import itemgetter
from typing import Final

from streams.domain.clocks.selection import Regimes
from streams.domain.cohorts.cohort import Stored
from streams.domain.cohorts.profile import FROM_THE_START
from streams.domain.duration_bins import DAY, EDGES, MINUTE, SECOND, bin_of
from streams.domain.events import AMENDMENT, CODES, FILING, Action, Amendment, Filing
from streams.domain.labels import relabelling, softens
from streams.domain.ledger import counters
from streams.domain.ledger.aggregates import Books
from streams.domain.ledger.fast_path.at_hand import Report
from streams.domain.ledger.fast_path.deeds import Deeds
from streams.domain.ledger.fast_path.path import Path
from streams.domain.ledger.fast_path.sequence_index import SequenceIndexes
from streams.domain.ledger.fast_path.updates import Updates
from streams.domain.ledger.platform_state import Desk
from streams.domain.reports.measurement import entry_bin
from streams.domain.reports.row import MAX_PLAIN_ENTRIES, Entry, Row, UnpackedReport, is_plain, softened

_id_of: Final = itemgetter(Entry._fields.index("id"))


class Settling:
    """Takes the events of plain reports and settles them; what it does not take is left untouched.

    `file` and `append` are called for nineteen events in twenty and `settle` for most reports: what they call is
    little on purpose.
    """

    def __init__(self, regimes: Regimes, books: Books, belongs: Callable[[bytes], bool], *, quick: bool) -> None:
        self.cohort = books.cohort
        self._touched = books.touched
        self._divided = books.divided
        self._regimes = regimes
        self._indexes = SequenceIndexes()
        self._deeds = Deeds()
        self._notices = books.notices
        self._updates = Updates(books.notices)
        self._belongs = belongs
        self._quick = quick

    def file(self, desk: Desk, filed: Filing) -> Report | None:
        """Return the unsettled report that a filing begins of which nothing is known yet; None for the long way."""
        at, labels = filed.at, filed.attributes
        path = self._indexes[self._regimes.of(labels, at)].filed
        if path is None or filed.test or filed.history or not self._belongs(filed.key):
            return None
        # What Entry(…) does, at a third of its cost.
        entry = (at, FILING, filed.items, labels, filed.content, filed.id, filed.told - at)
        return Report(desk.allowance, [tuple.__new__(Entry, entry)], path)

    def append(self, report: Report, event: Action | Amendment) -> bool:
        """Enter an event that is later than all that is known of a plain report; false for the long way."""
        path, entries, at = report.path, report.entries, event.at
        if at <= entries[-1].at or event.id in map(_id_of, entries):
            return False
        if type(event) is Action:
            code, items = CODES[event.deed], event.items
        else:
            assert isinstance(event, Amendment), "the only other one"
            code, items = AMENDMENT, relabelling(event.harm, event.severity)
            if softens(entries[0].labels, items):
                return False
        after = path.onward.get(code) or self._after(report, path, code)
        if (
            after is None
            or after.ended is None
            or len(entries) == MAX_PLAIN_ENTRIES
            or (items and entries[0].number != 1)
        ):
            return False
        entries.append(tuple.__new__(Entry, (at, code, items, "", event.content, event.id, event.told - at)))
        report.path = after
        return True

    def join(self, desk: Desk, waiting: UnpackedReport, filed: Filing) -> Report | None:
        """Return the unsettled report of a filing whose actions have waited for it; None for the long way."""
        report, entries = self.file(desk, filed) if self._quick else None, waiting.entries
        if (
            report is None
            or isinstance(waiting, Report)
            or entries[0].at <= filed.at
            or len(entries) >= MAX_PLAIN_ENTRIES
        ):
            return None
        report.allowance = waiting.allowance
        for entry in entries:
            after = self._after(report, report.path, entry.code)
            if after is None or after.ended is None:
                return None
            report.path = after
            report.entries.append(entry)
        if not is_plain(report.entries) or softened(report.entries, filed.attributes):
            return None
        report.at_once = len(report.entries)
        self._deeds.await_no_longer(desk, waiting)
        return report

    def read(self, desk: Desk, row: Row) -> UnpackedReport:
        """Return a row that is in the books as a report at hand."""
        allowance, entries, _ = row
        path = self.path_of(entries)
        if path is None:
            return UnpackedReport(allowance, entries)
        report = Report(allowance, entries, path)
        filed = entries[0]
        report.posted = len(entries)
        report.placed = path
        report.is_open, report.is_final = path.open, path.settled
        report.cohort = self.cohort(desk, filed.at // DAY, filed.labels)
        report.risk = entry_bin(filed, allowance * SECOND)
        report.values = [filed.at % DAY // MINUTE, *[bin_of(entry.at - filed.at) for entry in entries[1:]]]
        report.signature = path.signature(report.risk, report.values)
        return report

    def path_of(self, entries: list[Entry]) -> Path | None:
        """Return where a report's entries have led, None for one that is not plain."""
        filed = entries[0]
        if not self._quick or filed.code != FILING or not is_plain(entries):
            return None
        path = self._indexes[self._regimes.of(filed.labels, filed.at)].path_of(tuple([entry.code for entry in entries]))
        if path is None or (path.amended and softened(entries, filed.labels)):
            return None
        return path

    # One loop for counters, sums and notices: a report goes through it once or twice.
    def settle(  # noqa: C901, PLR0915
        self, desk: Desk, key: bytes, report: Report, horizon: int
    ) -> None:
        """Post the unsettled entries of a plain report, whose limits have been decided up to `horizon`."""
        entries, path = report.entries, report.path
        filed, posted = entries[0], report.posted
        at = filed.at
        if posted:
            old, values, passed = report.signature, report.values, report.placed
        else:
            old, values, passed = self._enter(desk, report, path, horizon)
            posted = 1
        name, cohort = report.cohort
        updates = self._updates if self._notices.wanted else None
        early = at + path.shortest > horizon and filed.delay < path.shortest
        for place, entry in enumerate(entries[posted:], posted):
            passed = passed.onward.get(entry.code) or self._after(report, passed, entry.code) or passed
            duration = entry.at - at
            value = bisect_left(EDGES, duration)
            values.append(value)
            if updates and passed.ended:
                updates.ended(key, report, passed, place, value)
            if early:
                told = passed.told.get(value) or self._deeds.learn(passed, value)
                desk.told[told] += 1
                if told.sums:
                    desk.durations[told] += duration
                    for total in told.sums:
                        cohort[total] = cohort.get(total, 0) + duration
            else:
                self._deeds.count(desk, report, passed, 0 if place < report.at_once else horizon)
        if updates and not report.posted and not early:
            updates.passed(key, report, path, 0, horizon)
        report.posted, report.placed = len(entries), path
        report.is_open, report.is_final = path.open, path.settled
        report.signature = signature = path.signature(report.risk, values)
        self._touched.add(name)
        if old != signature:
            _move(cohort, old, signature)
            if name in self._divided:
                self._divided[name].update((old, signature) if old else (signature,))

    def miss(self, desk: Desk, key: bytes, report: Report, before: int) -> None:
        """Count and tell the limits of a settled plain report that the horizon has passed since `before`."""
        self._deeds.miss(desk, report, report.placed, (before, desk.horizon))
        if self._notices.wanted:
            self._updates.passed(key, report, report.placed, before, desk.horizon)

    def _after(self, report: Report, path: Path, code: int) -> Path | None:
        """Return where one more entry leads a report."""
        filed = report.entries[0]
        return self._indexes[self._regimes.of(filed.labels, filed.at)].after(path, code)

    def _enter(self, desk: Desk, report: Report, path: Path, horizon: int) -> tuple[bytes, list[int], Path]:
        """Post the filing of a report on a path.

        Return where its cohort counts it (nowhere yet), its values, and its first path.
        """
        first = path
        while first.before is not None:
            first = first.before
        at, delay = report.entries[0].at, report.entries[0].delay
        desk.tally[counters.FILED] += 1
        report.risk = bin_of(delay) if delay > report.allowance * SECOND else FROM_THE_START
        report.values = values = [at % DAY // MINUTE]
        if at + path.shortest <= horizon:
            self._deeds.miss(desk, report, path.at(report.at_once), (0, horizon))
        return b"", values, first


def _move(cohort: Stored, old: bytes, new: bytes) -> None:
    """Count a report under another signature; an empty one is none."""
    cohort[new] = cohort.get(new, 0) + 1
    if old:
        left = cohort[old] - 1
        if left:
            cohort[old] = left
        else:
            del cohort[old]
