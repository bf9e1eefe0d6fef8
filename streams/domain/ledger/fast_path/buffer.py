"""The quick way through a ledger: events of plain reports wait here, and are posted before anything is decided."""

from collections.abc import Callable

from streams.domain.duration_bins import DAY, FOREVER_MS
from streams.domain.events import AboutReport, Action, Amendment, Filing
from streams.domain.ledger.config import Rules
from streams.domain.ledger.due import forgotten_at
from streams.domain.ledger.fast_path.at_hand import Report
from streams.domain.ledger.fast_path.due import due_plain
from streams.domain.ledger.fast_path.path import Path
from streams.domain.ledger.fast_path.settling import Settling
from streams.domain.ledger.platform_state import Desk
from streams.domain.ledger.report_store import Shelf
from streams.domain.reports.row import Entry, UnpackedReport


class Buffer:
    """Takes the events of plain reports and settles them.

    `wake` is called when one of a platform's reports comes up at an instant. `faults` are as for `Agenda`.
    """

    def __init__(
        self,
        rules: Rules,
        shelf: Shelf,
        settling: Settling,
        faults: dict[str, Exception],
        wake: Callable[[Desk, int], None],
    ) -> None:
        self._rules = rules
        self._shelf = shelf
        self._settling = settling
        self._faults = faults
        self._wake = wake
        self._ended: dict[bytes, int] = {}

    def take(self, desk: Desk, event: AboutReport) -> bool:
        """Take an event if it is one of a plain report; false for the long way."""
        key = event.key
        found = self._shelf.find(key)
        if found is None:
            return isinstance(event, Filing) and self._file(desk, event)
        if not isinstance(event, (Action, Amendment)):
            return False
        report = found if isinstance(found, Report) else self._shelf.report(desk, found)
        if not isinstance(report, Report) or not self._settling.append(report, event):
            return False
        desk.unsettled[key] = report
        if report is not found:
            self._shelf.keep(key, report)
        return True

    def _file(self, desk: Desk, filed: Filing) -> bool:
        """Take a filing of which nothing is known yet."""
        report = self._settling.file(desk, filed)
        if report is None or desk.remembered >= desk.capacity:
            return False
        of_day = desk.cohorts.get(filed.at // DAY)
        cohort = None if of_day is None else of_day.get(filed.attributes)
        if cohort is None:
            if not desk.holds_labels(filed):
                return False
            cohort = self._settling.cohort(desk, filed.at // DAY, filed.attributes)
        report.cohort = cohort
        desk.remembered += 1
        self._shelf.keep(filed.key, report)
        self._await(desk, filed.key, report)
        return True

    def join(self, desk: Desk, waiting: UnpackedReport, filed: Filing) -> bool:
        """Take a filing whose actions have waited for it; false for the long way."""
        report = self._settling.join(desk, waiting, filed)
        if report is None:
            return False
        report.cohort = self._settling.cohort(desk, filed.at // DAY, filed.attributes)
        self._shelf.keep(filed.key, report)
        self._await(desk, filed.key, report)
        return True

    def _await(self, desk: Desk, key: bytes, report: Report) -> None:
        desk.unsettled[key] = report
        shortest, sealed = report.path.shortest, self._rules.sealed
        soonest = report.entries[0].at + (shortest if shortest < sealed else sealed)  # noqa: FURB136 - half the time of min
        if soonest < desk.soonest:
            desk.soonest = soonest
            self._wake(desk, soonest)

    def settle_all(self, desk: Desk) -> None:
        """Settle all reports of a platform."""
        try:
            self.settle(desk)
        except Exception as fault:  # noqa: BLE001 - whatever it is, it concerns this platform alone
            self._faults.setdefault(desk.name, fault)

    def settle(self, desk: Desk, until: int = FOREVER_MS) -> None:
        """Settle a platform's reports that were filed by `until`, all by default.

        To those filed later nothing happens before; more of their entries may come, and are settled with them.
        """
        unsettled, desk.unsettled, desk.soonest = desk.unsettled, {}, FOREVER_MS
        for key, report in unsettled.items():
            if report.entries[0].at <= until:
                self._settle(desk, key, report, desk.horizon)
            else:
                self._await(desk, key, report)
        self._shelf.note(unsettled)

    def settle_one(self, desk: Desk, key: bytes, horizon: int) -> None:
        """Settle one report as seen at `horizon`."""
        report = desk.unsettled.pop(key, None)
        if report is None:
            return
        try:
            self._settle(desk, key, report, horizon)
        except Exception as fault:
            self._faults.setdefault(desk.name, fault)
            raise
        self._shelf.put(key, report)

    def moved(self, key: bytes) -> None:
        """Take note that a report has gone on after it had ended."""
        self._ended.pop(key, None)

    def next_due(self, desk: Desk, report: UnpackedReport) -> int | None:
        """Return when a plain report comes up next, None for one that is not plain."""
        if not isinstance(report, Report):
            return None
        return due_plain(self._rules, report.path, report.entries, desk.horizon)

    def next_due_of(self, desk: Desk, entries: list[Entry]) -> int | None:
        """Return when a report with these entries comes up next, None for one that is not plain."""
        path = self._settling.path_of(entries)
        return None if path is None else due_plain(self._rules, path, entries, desk.horizon)

    def due_after_end(self, key: bytes) -> int:
        """Return and forget when a report that has ended is to be forgotten; FOREVER_MS where that is not known."""
        return self._ended.pop(key, FOREVER_MS)

    def process_due(self, desk: Desk, key: bytes, report: UnpackedReport, before: int) -> int | None:
        """Count what limits a plain report has missed since the horizon was at `before`; return when it comes up next.

        None for a report that is not plain, or for which the time has come for something else.
        """
        due = self.next_due(desk, report)
        if due is None or due <= desk.horizon:
            return None
        assert isinstance(report, Report)
        self._settling.miss(desk, key, report, before)
        return due

    def _settle(self, desk: Desk, key: bytes, report: Report, horizon: int) -> None:
        before = report.placed if report.posted else None
        self._settling.settle(desk, key, report, horizon)
        if before is None:
            desk.queue.push(due_plain(self._rules, report.path, report.entries, horizon), key, horizon)
        elif before.open and not report.path.open:
            self._end(desk, key, before, report, horizon)

    def _end(self, desk: Desk, key: bytes, before: Path, report: Report, horizon: int) -> None:
        """See to when a plain report comes up that has ended: nothing else can make it come up earlier than before.

        One that ends before its limit comes up there, and need not be read then: it is only to be forgotten.
        """
        filed, rules = report.entries[0], self._rules
        forgotten = forgotten_at(rules, report.entries, filed.at)
        if before.limits and filed.at + before.limits[-1] > horizon:
            if report.path.settled:
                self._ended[key] = forgotten
        elif filed.told + rules.memory <= horizon and forgotten < filed.at + rules.sealed:
            desk.queue.push(forgotten, key, horizon)
