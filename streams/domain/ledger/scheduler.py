"""Process reports that are due without an event: at a deadline, at eviction, and when they become unanswered."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Final

from streams.domain.clocks.endings import OPEN
from streams.domain.clocks.state_machine import OPEN_STATES
from streams.domain.duration_bins import DAY, FOREVER_MS, MINUTE
from streams.domain.events import TEST_FILING_CODE
from streams.domain.ledger import counters
from streams.domain.ledger.aggregates import Aggregates
from streams.domain.ledger.config import LedgerConfig
from streams.domain.ledger.due import compute_next_due, first_known_at, last_logged_at
from streams.domain.ledger.fast_path.buffer import Buffer
from streams.domain.ledger.fast_path.settling import Settling
from streams.domain.ledger.platform_state import PlatformState
from streams.domain.ledger.report_store import ReportStore
from streams.domain.reports.evaluation import NO_REPORT, Evaluation, Evaluator
from streams.domain.reports.measurement import close_as_unanswered
from streams.domain.reports.report_row import Entry, ReportRow, UnpackedReport
from streams.domain.vocabulary import RefusalReason

_ADVANCE_STEP: Final = MINUTE
"""How far time moves in one step while reports are due; the due reports of a step are processed together."""


class DueReportScheduler:
    """Moves the decided-through of platforms and processes the reports that are due by then.

    `next_due` is the earliest instant at which a report may be due. `processed` counts the due reports since the last
    commit; the ledger resets it. `faults` receives the first exception of each platform: the state of such a platform
    is not correct any more and must not be stored. Events in the `buffer` are flushed before their report is processed.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the parts of a ledger
        self,
        config: LedgerConfig,
        store: ReportStore,
        fast_path: Settling,
        evaluator: Evaluator,
        aggregates: Aggregates,
        faults: dict[str, Exception],
    ) -> None:
        self.next_due = FOREVER_MS
        self.processed = 0
        self._config = config
        self._store = store
        self.buffer = Buffer(config, store, fast_path, faults, self.check_by)
        self._evaluator = evaluator
        self._aggregates = aggregates
        self._faults = faults

    def schedule(self, platform: PlatformState, key: bytes, due_at: int) -> None:
        """Make a report due at `due_at`."""
        platform.queue.push(due_at, key, platform.decided_through)
        self.check_by(platform, due_at)

    def check_by(self, platform: PlatformState, due_at: int) -> None:
        """Check a platform at `due_at` at the latest."""
        if due_at < platform.next_check:
            platform.next_check = due_at
            if due_at < self.next_due:  # noqa: PLR1730 - half the time of min
                self.next_due = due_at

    def advance(self, platforms: Collection[PlatformState], before: int, now: int, max_due: int) -> int:
        """Process what is due from `before` to `now`; return how far time has moved.

        Stops early when about `max_due` reports were processed. A platform without due reports may be advanced later.
        """
        while self.next_due <= now:
            if self.processed >= max_due:
                return before
            before = min(now, max(before, self.next_due) + _ADVANCE_STEP)
            for platform in platforms:
                if platform.next_check <= before:
                    self.advance_platform(platform, before)
            self.next_due = min([platform.next_check for platform in platforms], default=FOREVER_MS)
            if before == now:
                break
        return now

    def advance_platform(self, platform: PlatformState, now: int) -> None:
        """Move a platform's decided-through as far as `now` allows and process its due reports."""
        try:
            self._advance_platform(platform, now)
        except Exception as fault:  # noqa: BLE001 - a fault of one platform must not stop the others
            self._faults.setdefault(platform.name, fault)
            platform.next_check = FOREVER_MS

    def _advance_platform(self, platform: PlatformState, now: int) -> None:
        before = platform.decided_through
        reachable = platform.reachable_through(now if now < platform.decision_limit else platform.decision_limit)  # noqa: FURB136 - half the time of min
        platform.now = now
        if reachable > before:
            platform.has_changed = True
            if platform.buffered_due <= reachable:
                self.buffer.flush(platform, until=reachable)
            platform.decided_through = reachable
            if platform.queue.next_due <= reachable:
                due_keys = dict.fromkeys(platform.queue.pop_due(reachable))  # the queue may hold a key twice
                self.processed += len(due_keys)
                for key in due_keys:
                    self._process_due(platform, key, before)
        if platform.next_check <= now:
            platform.schedule_next_check()

    def advance_limited(self, platform: PlatformState, limit: int, now: int, max_due: int) -> bool:
        """Decide a platform up to `limit` and no further; return whether this instant is reached.

        A platform that already has a limit moves in steps, until about `max_due` reports were processed.
        """
        if platform.decision_limit == FOREVER_MS:
            platform.decision_limit = limit
        while platform.decision_limit < limit and self.processed < max_due:
            platform.decision_limit = min(limit, max(platform.decision_limit, platform.next_decision()) + _ADVANCE_STEP)
            self.advance_platform(platform, now)
        self.schedule_platform(platform)
        return platform.decision_limit >= limit

    def remove_limit(self, platform: PlatformState) -> None:
        """Let a platform that had a limit follow the time of all platforms."""
        platform.decision_limit = FOREVER_MS
        self.schedule_platform(platform)

    def schedule_platform(self, platform: PlatformState) -> None:
        """Check a platform when something can be decided next."""
        platform.schedule_next_check()
        self.next_due = min(self.next_due, platform.next_check)

    def schedule_eviction(self, platform: PlatformState, key: bytes, report: UnpackedReport) -> None:
        """Make an orphan due when its retention ends."""
        self.schedule(platform, key, last_logged_at(report.entries) + self._config.retention)

    def next_due_of(self, platform: PlatformState, report: UnpackedReport, evaluation: Evaluation | None = None) -> int:
        """Return when a report is next due; the report is evaluated if the caller gives no evaluation."""
        due = self.buffer.next_due(platform, report)
        if due is not None:
            return due
        known_evaluation = evaluation or self._evaluator.evaluate(platform.name, report.row, platform.decided_through)
        return compute_next_due(self._config, report.row, known_evaluation)

    def reschedule_restored(self, platforms: Mapping[str, PlatformState]) -> None:
        """Schedule restored reports: a closed report at its earliest eviction, without unpacking its row."""
        queues_by_platform = {
            name.encode(): (platform, defaultdict[int, list[bytes]](list)) for name, platform in platforms.items()
        }
        for key, closed_on_day, stored in self._store.packed_reports():  # there may be millions, most of them closed
            platform, closed_keys = queues_by_platform[key.partition(b"|")[0]]
            if closed_on_day:
                closed_keys[closed_on_day].append(key)
                continue
            try:
                platform.queue.push(
                    self._next_due_of_row(platform, self._store.unpack_row(stored)), key, platform.decided_through
                )
            except Exception as fault:  # noqa: BLE001 - a fault of one platform must not stop the others
                self._faults.setdefault(platform.name, fault)
        for platform, closed_keys in queues_by_platform.values():
            for closed_on_day, keys in closed_keys.items():
                platform.queue.push_all(closed_on_day * DAY + self._config.retention, keys, platform.decided_through)
            platform.schedule_next_check()
        self.next_due = min([platform.next_check for platform in platforms.values()], default=FOREVER_MS)

    def _next_due_of_row(self, platform: PlatformState, row: ReportRow) -> int:
        due = self.buffer.next_due_of(platform, row.entries)
        if due is not None:
            return due
        return compute_next_due(
            self._config, row, self._evaluator.evaluate(platform.name, row, platform.decided_through)
        )

    def _process_due(self, platform: PlatformState, key: bytes, decided_before: int) -> None:
        self.buffer.flush_report(platform, key, decided_before)
        due = self.buffer.due_after_end(key)
        if platform.decided_through < due < FOREVER_MS:
            self.schedule(platform, key, due)
            return
        found = self._store.find(key)
        if found is None:
            return
        report = self._store.unpack(platform, found)
        next_due = self.buffer.process_due(platform, key, report, decided_before)
        if next_due is not None:
            self.schedule(platform, key, next_due)
        elif report.is_final:
            if not self._retain_for_history(platform, key, report.entries):
                self._evict(platform, key, report.entries)
        else:
            self._reevaluate(platform, key, report.row, decided_before)

    def _reevaluate(self, platform: PlatformState, key: bytes, row: ReportRow, decided_before: int) -> None:
        """Evaluate a report as decided through `decided_before` and as decided now, and count the difference."""
        after = self._evaluator.evaluate(platform.name, row, platform.decided_through)
        before = self._evaluator.evaluate(platform.name, row, decided_before) if _has_running_clock(after) else after
        next_due = compute_next_due(self._config, row, after)
        if next_due > platform.decided_through:
            self._aggregates.apply_change(platform, key, before, after)
            self.schedule(platform, key, next_due)
        elif self._retain_for_history(platform, key, row.entries, _next_deadline(after)):
            self._aggregates.apply_change(platform, key, before, after)
        else:
            self._remove(platform, key, row, before, after)

    def _retain_for_history(
        self, platform: PlatformState, key: bytes, entries: list[Entry], next_deadline: int = FOREVER_MS
    ) -> bool:
        """Return whether a report is retained since it was filed in an open span of history.

        The report is then due at its next deadline, `next_deadline`, or when the span closes.
        """
        if not platform.config.history_spans:
            return False
        until = platform.config.history_open_until(first_known_at(entries))
        if until <= platform.decided_through:
            return False
        if min(until, next_deadline) < FOREVER_MS:
            self.schedule(platform, key, min(until, next_deadline))
        return True

    def _remove(
        self, platform: PlatformState, key: bytes, row: ReportRow, before: Evaluation, after: Evaluation
    ) -> None:
        """Remove a row whose retention has passed; cohorts and counters keep their numbers: docs/definitions.md §7."""
        if after.measured is None:
            self._aggregates.apply_change(platform, key, before, NO_REPORT)
            platform.count_late_refusals(RefusalReason.ORPHAN, after.is_orphan)
        elif after.measured.state in OPEN_STATES:
            platform.count(counters.UNANSWERED)
            self._aggregates.apply_change(
                platform, key, before, Evaluation(close_as_unanswered(after.measured, self._config.unanswered_after))
            )
        else:
            self._aggregates.apply_change(platform, key, before, after)
            self._evict(platform, key, row.entries)
            return
        self._delete(platform, key, row.entries)

    def _evict(self, platform: PlatformState, key: bytes, entries: list[Entry]) -> None:
        platform.count(counters.EVICTED)
        self._delete(platform, key, entries)

    def _delete(self, platform: PlatformState, key: bytes, entries: list[Entry]) -> None:
        for entry in entries:
            if entry.code <= TEST_FILING_CODE:
                platform.record_removed(entry.at)
        platform.retained_reports -= 1
        self._store.delete(key)


def _next_deadline(evaluation: Evaluation) -> int:
    """Return the next deadline of a report's running clocks, FOREVER_MS if there is none."""
    return (
        FOREVER_MS
        if evaluation.measured is None
        else min([clock.due_at for clock in evaluation.measured.clocks], default=FOREVER_MS)
    )


def _has_running_clock(evaluation: Evaluation) -> bool:
    """Return whether a later decided-through can change the evaluation: only an open clock can still miss its limit."""
    return evaluation.measured is not None and any(clock.ending == OPEN for clock in evaluation.measured.clocks)
