"""Buffer the events of simple reports, and flush a report before it is processed, read or stored."""

from collections.abc import Callable

from streams.domain.duration_bins import DAY, FOREVER_MS
from streams.domain.events import Action, Amendment, Filing, ReportEvent
from streams.domain.ledger.config import LedgerConfig
from streams.domain.ledger.due import evict_at
from streams.domain.ledger.fast_path.at_hand import Report
from streams.domain.ledger.fast_path.due import compute_next_due_simple
from streams.domain.ledger.fast_path.path import Path
from streams.domain.ledger.fast_path.settling import Settling
from streams.domain.ledger.platform_state import PlatformState
from streams.domain.ledger.report_store import ReportStore
from streams.domain.reports.report_row import Entry, UnpackedReport


class Buffer:
    """Buffers the events of simple reports and flushes them.

    `wake` is called with the instant at which a buffered report of a platform is due. `faults`: as for
    `DeadlineScheduler`.
    """

    def __init__(
        self,
        rules: LedgerConfig,
        shelf: ReportStore,
        settling: Settling,
        faults: dict[str, Exception],
        wake: Callable[[PlatformState, int], None],
    ) -> None:
        self._rules = rules
        self._shelf = shelf
        self._settling = settling
        self._faults = faults
        self._wake = wake
        self._evict_at_by_key: dict[bytes, int] = {}

    def take(self, platform: PlatformState, event: ReportEvent) -> bool:
        """Buffer an event of a simple report; return False and change nothing if it needs the general path."""
        key = event.key
        found = self._shelf.find(key)
        if found is None:
            return isinstance(event, Filing) and self._start_report(platform, event)
        if not isinstance(event, (Action, Amendment)):
            return False
        report = found if isinstance(found, Report) else self._shelf.unpack(platform, found)
        if not isinstance(report, Report) or not self._settling.append(report, event):
            return False
        platform.buffered[key] = report
        if report is not found:
            self._shelf.put(key, report)
        return True

    def _start_report(self, platform: PlatformState, filing: Filing) -> bool:
        """Buffer the first event of a report, a filing."""
        report = self._settling.file(platform, filing)
        if report is None or platform.retained_reports >= platform.capacity:
            return False
        of_day = platform.cohorts.get(filing.at // DAY)
        cohort = None if of_day is None else of_day.get(filing.encoded_labels)
        if cohort is None:
            if not platform.has_room_for_labels(filing):
                return False
            cohort = self._settling.cohort(platform, filing.at // DAY, filing.encoded_labels)
        report.cohort = cohort
        platform.retained_reports += 1
        self._shelf.put(filing.key, report)
        self._buffer(platform, filing.key, report)
        return True

    def join(self, platform: PlatformState, waiting: UnpackedReport, filed: Filing) -> bool:
        """Buffer the filing of an orphan; return False and change nothing if it needs the general path."""
        report = self._settling.join(platform, waiting, filed)
        if report is None:
            return False
        report.cohort = self._settling.cohort(platform, filed.at // DAY, filed.encoded_labels)
        self._shelf.put(filed.key, report)
        self._buffer(platform, filed.key, report)
        return True

    def _buffer(self, platform: PlatformState, key: bytes, report: Report) -> None:
        platform.buffered[key] = report
        shortest, sealed = report.path.shortest, self._rules.unanswered_after
        soonest = report.entries[0].at + (shortest if shortest < sealed else sealed)  # noqa: FURB136 - half the time of min
        if soonest < platform.buffered_due:
            platform.buffered_due = soonest
            self._wake(platform, soonest)

    def flush_platform(self, platform: PlatformState) -> None:
        """Flush all reports of a platform."""
        try:
            self.flush(platform)
        except Exception as fault:  # noqa: BLE001 - a fault of one platform must not stop the others
            self._faults.setdefault(platform.name, fault)

    def flush(self, platform: PlatformState, until: int = FOREVER_MS) -> None:
        """Flush a platform's reports that were filed by `until`, all by default.

        Reports filed later are not due before, and more of their entries may arrive and be flushed with them.
        """
        unsettled, platform.buffered, platform.buffered_due = platform.buffered, {}, FOREVER_MS
        for key, report in unsettled.items():
            if report.entries[0].at <= until:
                self._flush_report(platform, key, report, platform.decided_through)
            else:
                self._buffer(platform, key, report)
        self._shelf.mark_changed(unsettled)

    def flush_report(self, platform: PlatformState, key: bytes, decided_through: int) -> None:
        """Flush one report, with deadlines decided through `decided_through`."""
        report = platform.buffered.pop(key, None)
        if report is None:
            return
        try:
            self._flush_report(platform, key, report, decided_through)
        except Exception as fault:
            self._faults.setdefault(platform.name, fault)
            raise
        self._shelf.put_changed(key, report)

    def cancel_eviction(self, key: bytes) -> None:
        """Drop the known eviction instant of a report that got another event."""
        self._evict_at_by_key.pop(key, None)

    def next_due(self, platform: PlatformState, report: UnpackedReport) -> int | None:
        """Return when a simple report is next due, None for one that is not simple."""
        if not isinstance(report, Report):
            return None
        return compute_next_due_simple(self._rules, report.path, report.entries, platform.decided_through)

    def next_due_of(self, platform: PlatformState, entries: list[Entry]) -> int | None:
        """Return when a report with these entries is next due, None for one that is not simple."""
        path = self._settling.path_of(entries)
        return None if path is None else compute_next_due_simple(self._rules, path, entries, platform.decided_through)

    def due_after_end(self, key: bytes) -> int:
        """Return and clear when an ended report is due for eviction; FOREVER_MS if this is not known."""
        return self._evict_at_by_key.pop(key, FOREVER_MS)

    def process_due(self, platform: PlatformState, key: bytes, report: UnpackedReport, before: int) -> int | None:
        """Count the deadlines of a simple report that passed since `before`; return when it is next due.

        Returns None for a report that is not simple, or that is due for something else than a deadline.
        """
        due = self.next_due(platform, report)
        if due is None or due <= platform.decided_through:
            return None
        assert isinstance(report, Report)
        self._settling.miss(platform, key, report, before)
        return due

    def _flush_report(self, platform: PlatformState, key: bytes, report: Report, decided_through: int) -> None:
        before = report.placed if report.posted else None
        self._settling.settle(platform, key, report, decided_through)
        if before is None:
            platform.queue.push(
                compute_next_due_simple(self._rules, report.path, report.entries, decided_through), key, decided_through
            )
        elif before.open and not report.path.open:
            self._schedule_after_end(platform, key, before, report, decided_through)

    def _schedule_after_end(
        self, platform: PlatformState, key: bytes, before: Path, report: Report, decided_through: int
    ) -> None:
        """Schedule the eviction of a simple report that has ended.

        A report that ends before its deadline is still in the queue at this deadline, and is then scheduled for its
        eviction without being read.
        """
        filed, rules = report.entries[0], self._rules
        forgotten = evict_at(rules, report.entries, filed.at)
        if before.limits and filed.at + before.limits[-1] > decided_through:
            if report.path.settled:
                self._evict_at_by_key[key] = forgotten
        elif filed.logged_at + rules.retention <= decided_through and forgotten < filed.at + rules.unanswered_after:
            platform.queue.push(forgotten, key, decided_through)
