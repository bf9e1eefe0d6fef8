"""Update cohorts and counters: cohorts hold the counts as corrected, counters the counts as they happened."""

from collections.abc import Iterator

from streams.domain.clocks.deadlines import PENDING
from streams.domain.clocks.endings import STOPPED
from streams.domain.cohorts.cohort import NamedCohort, StoredCohort, cohort_name
from streams.domain.cohorts.rows import CohortRows
from streams.domain.duration_bins import DAY
from streams.domain.labels import DOWNGRADED
from streams.domain.ledger import counters
from streams.domain.ledger.platform_state import PlatformState
from streams.domain.ledger.report_updates import UpdateCollector
from streams.domain.reports.evaluation import Evaluation
from streams.domain.reports.measurement import ClockReading, MeasuredReport


class Aggregates:
    """The cohorts of a ledger, and the one place that changes them and the counters of clocks.

    `changed_cohorts`: names of cohorts that changed since `drain_changed_cohorts`. `changed_in_divided`: what changed
    in cohorts that are stored in parts (`CohortRows`). `updates` collects report updates.
    """

    def __init__(self, updates: UpdateCollector) -> None:
        self.updates = updates
        self.cohorts: dict[str, StoredCohort] = {}
        self.changed_cohorts: set[str] = set()
        self._rows = CohortRows()
        self.changed_in_divided = self._rows.changed_in_divided

    def drain_changed_cohorts(self) -> list[str]:
        """Return and clear the names of the changed cohorts; the caller must then read their `changed_rows`."""
        names = list(self.changed_cohorts)
        self.changed_cohorts.clear()
        return names

    def changed_rows(self, name: str) -> Iterator[tuple[str, StoredCohort | None]]:
        """Yield the changed rows of a cohort with their names; None for a row that was removed."""
        return self._rows.changed_rows(name, self.cohorts[name])

    def get_or_create_cohort(self, platform: PlatformState, day: int, labels: str) -> NamedCohort:
        """Return the cohort of a platform, filing day and labels; create it if there is none."""
        of_day = platform.cohorts.get(day)
        if of_day is None:
            of_day = platform.cohorts[day] = {}
        named = of_day.get(labels)
        if named is None:
            name = cohort_name(platform.name, day, labels)
            named = of_day[labels] = (name, self.cohorts.setdefault(name, {}))
        return named

    def load_row(self, name: str, row: StoredCohort) -> None:
        """Restore a row that `changed_rows` gave."""
        self.cohorts.setdefault(self._rows.register_row(name), {}).update(row)

    def apply_change(self, platform: PlatformState, key: bytes, before: Evaluation, after: Evaluation) -> None:
        """Count the difference between two evaluations of a report: docs/definitions.md §4 and §5."""
        if self.updates.is_wanted:
            self.updates.on_change(key, before, after)
        old, new = before.measured, after.measured
        if old is not None and new is not None:
            self._update(platform, old, new)
        elif new is not None:
            platform.count(counters.FILED)
            self._add_report(platform, new)
        elif old is not None:
            platform.count(counters.UNFILED)
            self._remove_report(platform, old)
        if before[1:] != after[1:]:
            _count_anomalies(platform, before, after)

    def _update(self, platform: PlatformState, old: MeasuredReport, new: MeasuredReport) -> None:
        if old.cohort != new.cohort:
            self._remove_report(platform, old)
            self._add_report(platform, new)
            return
        if old.profile != new.profile:
            self._add_to_cohort(new.cohort, old.profile, -1)
            self._add_to_cohort(new.cohort, new.profile, 1)
        self._add_to_cohort(new.cohort, DOWNGRADED, new.is_downgraded - old.is_downgraded)
        for place, (before, after) in enumerate(zip(old.clocks, new.clocks, strict=True)):
            if before is not after and before[1:] != after[1:]:
                self._update_clock(platform, new, place, before, after)

    def _add_report(self, platform: PlatformState, measured: MeasuredReport) -> None:
        self.get_or_create_cohort(platform, measured.filing.at // DAY, measured.filing.encoded_labels)
        self._add_to_cohort(measured.cohort, measured.profile, 1)
        self._add_to_cohort(measured.cohort, DOWNGRADED, int(measured.is_downgraded))
        for place, clock in enumerate(measured.clocks):
            self._update_clock(platform, measured, place, None, clock)

    def _remove_report(self, platform: PlatformState, measured: MeasuredReport) -> None:
        self._add_to_cohort(measured.cohort, measured.profile, -1)
        self._add_to_cohort(measured.cohort, DOWNGRADED, -int(measured.is_downgraded))
        for place, clock in enumerate(measured.clocks):
            self._update_clock(platform, measured, place, clock, None)

    def _add_to_cohort(self, name: str, name_in_cohort: bytes, amount: int) -> None:
        """Add to a number of a cohort and mark the cohort as changed."""
        if not amount:
            return
        cohort = self.cohorts[name]
        total = cohort.get(name_in_cohort, 0) + amount
        if total:
            cohort[name_in_cohort] = total
        else:
            del cohort[name_in_cohort]
        self.changed_cohorts.add(name)
        if name in self.changed_in_divided:
            self.changed_in_divided[name].add(name_in_cohort)

    def _update_clock(
        self,
        platform: PlatformState,
        measured: MeasuredReport,
        place: int,
        before: ClockReading | None,
        after: ClockReading | None,
    ) -> None:
        """Count the difference between two readings of the clock at index `place` of the report's clock set."""
        durations, key = (_stopped_duration(before), _stopped_duration(after)), measured.clock_set.clocks[place].key
        if durations[0] != durations[1]:
            total = measured.clock_set.hashes[place]
            for duration, sign in zip(durations, (-1, 1), strict=True):
                if duration is not None:
                    self._add_to_cohort(measured.cohort, total, sign * duration)
                    _count(platform, counters.stopped(key, duration), 1, sign)
                    _count(platform, counters.stopped_ms(key), duration, sign)
                    if duration == 0:
                        _count(platform, counters.ZERO_DURATIONS, 1, sign)
        _count_paused(platform, key, before, after)
        if _deadline_of(before) != _deadline_of(after):
            for clock, sign in ((before, -1), (after, 1)):
                if clock is not None and clock.deadline_outcome != PENDING:
                    _count(
                        platform,
                        counters.deadline(key, clock.deadline_outcome, was_logged_late=clock.was_logged_late),
                        1,
                        sign,
                    )


def _stopped_duration(clock: ClockReading | None) -> int | None:
    return clock.duration if clock is not None and clock.ending == STOPPED else None


def _count_paused(platform: PlatformState, key: str, before: ClockReading | None, after: ClockReading | None) -> None:
    """Count the change of an ended clock's paused time, in milliseconds."""
    old_ms, new_ms = (0 if clock is None else clock.paused_ms for clock in (before, after))
    if old_ms != new_ms:
        _count(platform, counters.paused_ms(key), old_ms, -1)
        _count(platform, counters.paused_ms(key), new_ms, 1)


def _deadline_of(clock: ClockReading | None) -> tuple[int, bool] | None:
    return (
        None if clock is None or clock.deadline_outcome == PENDING else (clock.deadline_outcome, clock.was_logged_late)
    )


def _count(platform: PlatformState, name: str, amount: int, sign: int) -> None:
    if amount:
        platform.count(name if sign > 0 else counters.corrected(name), amount)


def _count_anomalies(platform: PlatformState, before: Evaluation, after: Evaluation) -> None:
    """Count newly found tests, conflicts and skewed actions, and whether the report is an orphan."""
    for name, old_count, new_count in (
        (counters.TESTS, before.tests, after.tests),
        (counters.CONFLICTS, before.conflicts, after.conflicts),
        (counters.SKEWED, before.skewed, after.skewed),
    ):
        if new_count > old_count:
            platform.count(name, new_count - old_count)
    if after.is_orphan != before.is_orphan:
        platform.count(counters.ORPHANS, after.is_orphan - before.is_orphan)
