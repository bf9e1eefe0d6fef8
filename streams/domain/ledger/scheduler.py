"""The agenda: what happens to reports by themselves. A limit passes, one is forgotten, or it is sealed."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Final

from streams.domain.clocks.endings import OPEN
from streams.domain.clocks.report_state import OPEN_STATES
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
from streams.domain.reports.row import Entry, ReportRow, UnpackedReport
from streams.domain.vocabulary import Reason

_ADVANCE_STEP: Final = MINUTE
"""How far time moves at once while there is something to decide: what comes up within it is decided in one go."""


class DeadlineScheduler:
    """Decides what comes up; nothing is decided about a report whose events wait in the `buffer`.

    `next_due` is the earliest instant at which there may be something to decide, `came_up` how many reports have come
    up since it was last set back. `faults` collects by platform what failed here by a fault of ours: what is in memory of
    such a platform is no longer right, and must not be stored.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the parts of a ledger
        self,
        rules: LedgerConfig,
        shelf: ReportStore,
        settling: Settling,
        appraiser: Evaluator,
        books: Aggregates,
        faults: dict[str, Exception],
    ) -> None:
        self.next_due = FOREVER_MS
        self.processed = 0
        self._config = rules
        self._store = shelf
        self.buffer = Buffer(rules, shelf, settling, faults, self.check_by)
        self._appraiser = appraiser
        self._aggregates = books
        self._faults = faults

    def schedule(self, desk: PlatformState, key: bytes, due_at: int) -> None:
        """Let a report come up at `due`."""
        desk.queue.push(due_at, key, desk.decided_through)
        self.check_by(desk, due_at)

    def check_by(self, desk: PlatformState, due_at: int) -> None:
        """Look at a platform at `due`, if not before."""
        if due_at < desk.next_check:
            desk.next_check = due_at
            if due_at < self.next_due:  # noqa: PLR1730 - half the time of min
                self.next_due = due_at

    def advance(self, platforms: Collection[PlatformState], before: int, now: int, max_due: int) -> int:
        """Decide what comes up from `before` to `now`, until about `most` reports have; return how far that is.

        A platform of which nothing has come up may catch up later.
        """
        while self.next_due <= now:
            if self.processed >= max_due:
                return before
            before = min(now, max(before, self.next_due) + _ADVANCE_STEP)
            for desk in platforms:
                if desk.next_check <= before:
                    self.advance_platform(desk, before)
            self.next_due = min([desk.next_check for desk in platforms], default=FOREVER_MS)
            if before == now:
                break
        return now

    def advance_platform(self, desk: PlatformState, now: int) -> None:
        """Move a platform's horizon as far as `now` allows and decide what has come up."""
        try:
            self._advance_platform(desk, now)
        except Exception as fault:  # noqa: BLE001 - whatever it is, it concerns this platform alone
            self._faults.setdefault(desk.name, fault)
            desk.next_check = FOREVER_MS

    def _advance_platform(self, desk: PlatformState, now: int) -> None:
        before = desk.decided_through
        ahead = desk.reachable_through(now if now < desk.decision_limit else desk.decision_limit)  # noqa: FURB136 - as above
        desk.now = now
        if ahead > before:
            desk.has_changed = True
            if desk.buffered_due <= ahead:
                self.buffer.flush(desk, until=ahead)
            desk.decided_through = ahead
            if desk.queue.next_due <= ahead:
                came_up = dict.fromkeys(desk.queue.pop_due(ahead))  # a key may wait twice; it is posted once
                self.processed += len(came_up)
                for key in came_up:
                    self._process_due(desk, key, before)
        if desk.next_check <= now:
            desk.schedule_next_check()

    def advance_limited(self, desk: PlatformState, limit: int, now: int, max_due: int) -> bool:
        """Let a platform be decided up to `limit` and no further; return whether it has got there.

        A platform that is held already goes on in steps, as time does, until about `most` reports have come up.
        """
        if desk.decision_limit == FOREVER_MS:
            desk.decision_limit = limit
        while desk.decision_limit < limit and self.processed < max_due:
            desk.decision_limit = min(limit, max(desk.decision_limit, desk.next_decision()) + _ADVANCE_STEP)
            self.advance_platform(desk, now)
        self.schedule_platform(desk)
        return desk.decision_limit >= limit

    def remove_limit(self, desk: PlatformState) -> None:
        """Let a platform that was held go with the time of all."""
        desk.decision_limit = FOREVER_MS
        self.schedule_platform(desk)

    def schedule_platform(self, desk: PlatformState) -> None:
        """Look at a platform when something can be decided next."""
        desk.schedule_next_check()
        self.next_due = min(self.next_due, desk.next_check)

    def schedule_eviction(self, desk: PlatformState, key: bytes, report: UnpackedReport) -> None:
        """Let a report that only waits come up when its memory ends."""
        self.schedule(desk, key, last_logged_at(report.entries) + self._config.retention)

    def next_due_of(self, desk: PlatformState, report: UnpackedReport, appraisal: Evaluation | None = None) -> int:
        """Return when something next happens to a report, of which `appraisal` is known, if any is."""
        due = self.buffer.next_due(desk, report)
        if due is not None:
            return due
        known = appraisal or self._appraiser.evaluate(desk.name, report.row, desk.decided_through)
        return compute_next_due(self._config, report.row, known)

    def reschedule_restored(self, platforms: Mapping[str, PlatformState]) -> None:
        """Let restored reports come up: those that rest when they may be forgotten at the earliest, without being read."""
        by_key = {name.encode(): (desk, defaultdict[int, list[bytes]](list)) for name, desk in platforms.items()}
        for key, rests, stored in self._store.packed_reports():  # millions of them, most at rest
            desk, resting = by_key[key.partition(b"|")[0]]
            if rests:
                resting[rests].append(key)
                continue
            try:
                desk.queue.push(self._next_due_of_row(desk, self._store.unpack_row(stored)), key, desk.decided_through)
            except Exception as fault:  # noqa: BLE001
                self._faults.setdefault(desk.name, fault)
        for desk, resting in by_key.values():
            for rests, keys in resting.items():
                desk.queue.push_all(rests * DAY + self._config.retention, keys, desk.decided_through)
            desk.schedule_next_check()
        self.next_due = min([desk.next_check for desk in platforms.values()], default=FOREVER_MS)

    def _next_due_of_row(self, desk: PlatformState, row: ReportRow) -> int:
        due = self.buffer.next_due_of(desk, row.entries)
        if due is not None:
            return due
        return compute_next_due(self._config, row, self._appraiser.evaluate(desk.name, row, desk.decided_through))

    def _process_due(self, desk: PlatformState, key: bytes, decided_before: int) -> None:
        self.buffer.flush_report(desk, key, decided_before)
        due = self.buffer.due_after_end(key)
        if desk.decided_through < due < FOREVER_MS:
            self.schedule(desk, key, due)
            return
        found = self._store.find(key)
        if found is None:
            return
        report = self._store.unpack(desk, found)
        next_due = self.buffer.process_due(desk, key, report, decided_before)
        if next_due is not None:
            self.schedule(desk, key, next_due)
        elif report.is_final:
            if not self._retain_for_history(desk, key, report.entries):
                self._evict(desk, key, report.entries)
        else:
            self._reevaluate(desk, key, report.row, decided_before)

    def _reevaluate(self, desk: PlatformState, key: bytes, row: ReportRow, decided_before: int) -> None:
        """Read a report as it was at `horizon` and as it is, and post the difference."""
        after = self._appraiser.evaluate(desk.name, row, desk.decided_through)
        before = self._appraiser.evaluate(desk.name, row, decided_before) if _has_running_clock(after) else after
        next_due = compute_next_due(self._config, row, after)
        if next_due > desk.decided_through:
            self._aggregates.apply_change(desk, key, before, after)
            self.schedule(desk, key, next_due)
        elif self._retain_for_history(desk, key, row.entries, _next_deadline(after)):
            self._aggregates.apply_change(desk, key, before, after)
        else:
            self._remove(desk, key, row, before, after)

    def _retain_for_history(
        self, desk: PlatformState, key: bytes, entries: list[Entry], limit: int = FOREVER_MS
    ) -> bool:
        """Return whether a report stays known since it lies in a span of history that is open.

        It then comes up when its next `limit` passes or the span closes.
        """
        if not desk.config.history_spans:
            return False
        until = desk.config.history_open_until(first_known_at(entries))
        if until <= desk.decided_through:
            return False
        if min(until, limit) < FOREVER_MS:
            self.schedule(desk, key, min(until, limit))
        return True

    def _remove(self, desk: PlatformState, key: bytes, row: ReportRow, before: Evaluation, after: Evaluation) -> None:
        """Let go of a row whose time has come; the cohort keeps what it counted."""
        if after.measured is None:
            self._aggregates.apply_change(desk, key, before, NO_REPORT)
            desk.count_late_refusals(Reason.ORPHAN, after.is_orphan)
        elif after.measured.state in OPEN_STATES:
            desk.count(counters.UNANSWERED)
            self._aggregates.apply_change(
                desk, key, before, Evaluation(close_as_unanswered(after.measured, self._config.unanswered_after))
            )
        else:
            self._aggregates.apply_change(desk, key, before, after)
            self._evict(desk, key, row.entries)
            return
        self._delete(desk, key, row.entries)

    def _evict(self, desk: PlatformState, key: bytes, entries: list[Entry]) -> None:
        desk.count(counters.EVICTED)
        self._delete(desk, key, entries)

    def _delete(self, desk: PlatformState, key: bytes, entries: list[Entry]) -> None:
        for entry in entries:
            if entry.code <= TEST_FILING_CODE:
                desk.record_removed(entry.at)
        desk.retained_reports -= 1
        self._store.delete(key)


def _next_deadline(appraisal: Evaluation) -> int:
    """Return when a running clock of a report next passes its limit."""
    return (
        FOREVER_MS
        if appraisal.measured is None
        else min([clock.due_at for clock in appraisal.measured.clocks], default=FOREVER_MS)
    )


def _has_running_clock(appraisal: Evaluation) -> bool:
    """Return whether a later horizon can change what a row says: only a clock that still runs can miss its limit."""
    return appraisal.measured is not None and any(clock.ending == OPEN for clock in appraisal.measured.clocks)
