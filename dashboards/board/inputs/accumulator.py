"""Adds up the reports of one platform and some filing days; the cost of an update depends on the change alone.

Profiles of reports that are not open are added to a sample at once. Open profiles are kept apart, since the ages of
open reports depend on the watermark at which they are read.
"""

from collections.abc import Container, Iterable
from typing import NamedTuple

from dashboards.board.inputs.running_clocks import RunningClocks
from streams.domain.clocks.endings import OPEN
from streams.domain.cohorts.cohort import CohortKey
from streams.domain.cohorts.profile import ReportProfile, is_total, unpack_profile
from streams.domain.cohorts.statistics import CohortSample
from streams.domain.duration_bins import DAY, MINUTE

DAYS_PER_WEEK = 7


def iso_week(day: int) -> int:
    """Return the number of the ISO week, Monday to Sunday UTC, of a day since 1970 (a Thursday)."""
    return (day + 3) // DAYS_PER_WEEK


def first_day_of_week(week: int) -> int:
    """Return the Monday, in days since 1970, of a week as `iso_week` numbers it."""
    return week * DAYS_PER_WEEK - 3


class _OpenGroup(NamedTuple):
    """Key of open reports: filing day, whether their severity is urgent, stored profile."""

    day: int
    is_urgent: bool
    stored_profile: bytes


class CohortAccumulator:
    """The sum of the cohorts of one platform and some filing days."""

    def __init__(self) -> None:
        self._closed = CohortSample()
        self._open: dict[_OpenGroup, int] = {}

    def add(self, cohort: CohortKey, name: bytes, count: int) -> None:
        """Add `count`, which may be negative, to the value `name` of a cohort; no sum may fall below zero."""
        if is_total(name):
            self._closed.stopped_totals[name] += count
            return
        profile = unpack_profile(name)
        if not _is_open(profile):
            self._closed.count_profile(cohort.day, profile, count, 0)
            return
        group = _OpenGroup(cohort.day, cohort.labels.is_urgent, name)
        remaining = self._open.get(group, 0) + count
        if remaining:
            self._open[group] = remaining
        else:
            del self._open[group]

    def to_sample(self, watermark: int, clocks: Container[bytes] | None = None) -> CohortSample:
        """Return a new sample of all reports, the open ones with their ages at `watermark`, epoch milliseconds.

        `clocks` limits the sample to clocks with these hashes.
        """
        sample = merge_cohort_samples([self._closed], clocks)
        for group, count in self._open.items():
            sample.count_profile(group.day, unpack_profile(group.stored_profile), count, watermark, clocks)
        return sample

    def count_running(self, running_clocks: RunningClocks) -> None:
        """Add every open clock to `running_clocks`."""
        for group, count in self._open.items():
            for clock, minute, ending in unpack_profile(group.stored_profile).clocks:
                if ending == OPEN:
                    running_clocks.count(clock, group.day * DAY + minute * MINUTE, count, is_urgent=group.is_urgent)


def _is_open(profile: ReportProfile) -> bool:
    return profile.filed_minute is not None or any(clock.ending == OPEN for clock in profile.clocks)


def merge_cohort_samples(samples: Iterable[CohortSample], clocks: Container[bytes] | None = None) -> CohortSample:
    """Return one sample of the reports of all `samples`; `clocks` limits the cells to clocks with these hashes."""
    merged = CohortSample()
    for sample in samples:
        merged.states.update(sample.states)
        merged.reports.update(sample.reports)
        merged.paused.update(sample.paused)
        merged.stopped_totals.update(sample.stopped_totals)
        merged.open_totals.update(sample.open_totals)
        for clock, cells in sample.cells.items():
            if clocks is None or clock in clocks:
                merged.cells[clock].update(cells)
        oldest = [instant for instant in (merged.oldest_open_at, sample.oldest_open_at) if instant is not None]
        merged.oldest_open_at = min(oldest, default=None)
    return merged
