"""Apply an event by evaluating its report before and after it, and counting the difference.

The general path accepts every event and is the definition, as docs/definitions.md states it. The fast path is for
simple reports and gives equal results.
"""

from collections.abc import Callable

from streams.domain.duration_bins import FOREVER_MS
from streams.domain.events import FILING_CODE, TEST_FILING_CODE, Action, Filing, ReportEvent
from streams.domain.ledger import counters
from streams.domain.ledger.aggregates import Aggregates
from streams.domain.ledger.counters import ENTRY_COUNTERS
from streams.domain.ledger.platform_state import PlatformState
from streams.domain.ledger.report_store import ReportStore
from streams.domain.ledger.scheduler import DueReportScheduler
from streams.domain.reports.entry_limit import is_acknowledgement, limit_entries
from streams.domain.reports.evaluation import NO_REPORT, Evaluation, Evaluator
from streams.domain.reports.report_row import (
    HISTORY_OFFSET_MS,
    Entry,
    ReportRow,
    UnpackedReport,
    entry_from_event,
    insert_entry,
)
from streams.domain.vocabulary import RefusalReason


class GeneralPath:
    """Applies one event at a time to the rows, cohorts and counters of a ledger.

    `is_on_partition`: whether a key belongs to this partition; it is called for the first event of every report.
    `max_orphans`: how many orphans of one platform may wait for their filings.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the parts of a ledger
        self,
        store: ReportStore,
        evaluator: Evaluator,
        aggregates: Aggregates,
        scheduler: DueReportScheduler,
        is_on_partition: Callable[[bytes], bool],
        max_orphans: int,
    ) -> None:
        self._store = store
        self._evaluator = evaluator
        self._aggregates = aggregates
        self._scheduler = scheduler
        self._buffer = scheduler.buffer
        self._is_on_partition = is_on_partition
        self._max_orphans = max_orphans

    def apply(self, platform: PlatformState, event: ReportEvent) -> RefusalReason | None:
        """Apply one event; return why it is refused, None if it is counted."""
        self._buffer.flush_report(platform, event.key, platform.decided_through)
        found = self._store.find(event.key)
        if isinstance(event, Filing) and event.is_history and self._may_be_recounted(platform, event, found):
            reason: RefusalReason | None = RefusalReason.TOO_OLD
        else:
            reason = self._start_report(platform, event) if found is None else self._add_event(platform, event, found)
        if reason is not None:
            platform.count(counters.refused(reason))
        return reason

    def _may_be_recounted(self, platform: PlatformState, filing: Filing, found: bytes | UnpackedReport | None) -> bool:
        """Return whether the report of a history filing may have been counted and removed: docs/definitions.md §8."""
        if not platform.may_have_removed(filing.at):
            return False
        entries = () if found is None else self._store.unpack(platform, found).entries
        return all(entry.code > TEST_FILING_CODE for entry in entries)

    def _start_report(self, platform: PlatformState, event: ReportEvent) -> RefusalReason | None:
        """Apply the first event of a report, unless the event is on a wrong partition or exceeds a limit.

        The limits are those of reports and labels (docs/definitions.md §1) and of orphans (§7).
        """
        if not self._is_on_partition(event.key):
            return RefusalReason.WRONG_PARTITION
        if platform.retained_reports >= platform.capacity or (
            isinstance(event, Filing) and not platform.has_room_for_labels(event)
        ):
            return RefusalReason.OVER_CAPACITY
        if not isinstance(event, Filing):
            if platform.counts.get(counters.ORPHANS, 0) >= self._max_orphans:
                return RefusalReason.ORPHAN
            if isinstance(event, Action):
                self._hold_orphan(platform, event)
                return None
        entry = entry_from_event(event)
        _count_entry(platform, entry)
        platform.retained_reports += 1
        self._replace(platform, event.key, NO_REPORT, ReportRow(platform.allowance_s, [entry]))
        return None

    def _hold_orphan(self, platform: PlatformState, action: Action) -> None:
        """Store an action whose filing has not arrived; without a filing, the row is removed after the retention."""
        entry = entry_from_event(action)
        _count_entry(platform, entry)
        platform.count(counters.ORPHANS)
        platform.retained_reports += 1
        report = UnpackedReport(platform.allowance_s, [entry])
        self._store.put_changed(action.key, report)
        self._scheduler.schedule_eviction(platform, action.key, report)

    def _add_event(
        self, platform: PlatformState, event: ReportEvent, found: bytes | UnpackedReport
    ) -> RefusalReason | None:
        """Apply an event to a known report.

        A duplicate is counted and changes nothing. An event that the report does not keep is refused or counted as
        folded. Any other event is inserted, and the difference between both evaluations is counted.
        """
        if isinstance(event, Filing) and not platform.has_room_for_labels(event):
            return RefusalReason.OVER_CAPACITY
        report = self._store.unpack(platform, found)
        if isinstance(event, Filing) and self._buffer.join(platform, report, event):
            return None
        old_row = report.row
        entry = entry_from_event(event)
        all_entries = insert_entry(old_row.entries, entry)
        if all_entries is None:
            platform.count(counters.DUPLICATES)
            return None
        entries, excess = limit_entries(all_entries)
        reason = None if excess is None else _count_excess(platform, excess)
        if reason is not None and excess is entry:
            return reason
        _count_entry(platform, entry if len(all_entries) > len(old_row.entries) else None)
        if excess is entry:
            return None
        platform.count_late_refusals(RefusalReason.TOO_MANY, int(reason is not None))
        before = self._evaluator.evaluate(platform.name, old_row, platform.decided_through)
        scheduled_at = self._scheduler.next_due_of(platform, report, before)
        after = self._replace(platform, event.key, before, ReportRow(old_row.allowance_s, entries), scheduled_at)
        return _refusal_reason(platform, event, before, after)

    def _replace(
        self, platform: PlatformState, key: bytes, before: Evaluation, row: ReportRow, scheduled_at: int = FOREVER_MS
    ) -> Evaluation:
        """Replace a report's row, count the difference to the evaluation `before`, and return the new evaluation.

        The report is scheduled again only if it is due before `scheduled_at`, when the queue holds it already.
        """
        after = self._evaluator.evaluate(platform.name, row, platform.decided_through)
        self._aggregates.apply_change(platform, key, before, after)
        report = self._store.from_row(platform, row)
        self._store.put_changed(key, report)
        self._buffer.cancel_eviction(key)
        next_due = self._scheduler.next_due_of(platform, report, after)
        if next_due < scheduled_at:
            self._scheduler.schedule(platform, key, next_due)
        return after


def _count_entry(platform: PlatformState, entry: Entry | None) -> None:
    """Count an event that arrived for the first time; None is a copy of a known event, which is a duplicate."""
    if entry is None:
        platform.count(counters.DUPLICATES)
    elif entry.code in ENTRY_COUNTERS:
        platform.count(ENTRY_COUNTERS[entry.code])
    elif entry.code == FILING_CODE and entry.log_delay >= HISTORY_OFFSET_MS:
        platform.count(counters.HISTORY)


def _count_excess(platform: PlatformState, entry: Entry) -> RefusalReason | None:
    """Count an event that its report does not keep; return why it is refused, None if it is folded."""
    if not is_acknowledgement(entry):
        return RefusalReason.TOO_MANY
    platform.count(counters.FOLDED)
    return None


def _refusal_reason(
    platform: PlatformState, event: ReportEvent, before: Evaluation, after: Evaluation
) -> RefusalReason | None:
    """Return why the newest event is refused.

    The newest event may also make earlier events ineffective: `Ledger.drain_late_refusals` returns their refusals.
    """
    bad_times = after.bad_times - before.bad_times
    reason = None
    if after.conflicts > before.conflicts:
        reason = RefusalReason.CONFLICT
    elif bad_times > 0 and isinstance(event, Action):
        reason, bad_times = RefusalReason.BAD_TIME, bad_times - 1
    platform.count_late_refusals(RefusalReason.BAD_TIME, bad_times)
    return reason
