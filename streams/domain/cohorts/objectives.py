"""Evaluate objectives: the share of reports that a rule asks for within a limit and a period (docs/statistics.md).

A report misses a limit when its deadline outcome is missed (docs/definitions.md §6). An open report within its limit is
pending, since it may still miss; an objective is met only when pending reports cannot change the result.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from math import floor
from typing import Final, NamedTuple

from streams.domain.clocks.endings import EXPIRED, OPEN, STOPPED
from streams.domain.cohorts.statistics import ClockStatistics
from streams.domain.duration_bins import SECOND, edge_index
from streams.domain.survival import Cells, estimate, quantile


class Statistic(StrEnum):
    """What a rule limits: each duration of a period, their mean, the duration of a share of reports, or a quantile."""

    EACH = "each"
    MEAN = "mean"
    SHARE = "share"
    QUANTILE = "quantile"


class Period(StrEnum):
    """The filing days of an objective: a calendar month or quarter (UTC), or the last 28 or 90 days."""

    MONTH = "month"
    QUARTER = "quarter"
    ROLLING_28D = "rolling_28d"
    ROLLING_90D = "rolling_90d"

    @property
    def is_calendar(self) -> bool:
        """Whether the period is a calendar month or quarter, and not a rolling number of days."""
        return self in {Period.MONTH, Period.QUARTER}


class Target(NamedTuple):
    """A limit in milliseconds, and the share of reports that must keep the limit; None if their mean must keep it."""

    statistic: Statistic
    limit: int
    share: float | None


class DayRange(NamedTuple):
    """Filing days from `first` to `last`, both included, in days since 1970."""

    first: int
    last: int


_EPOCH: Final = date(1970, 1, 1).toordinal()
_ROLLING_DAYS: Final = {Period.ROLLING_28D: 28, Period.ROLLING_90D: 90}
_PERIOD_MONTHS: Final = {Period.MONTH: 1, Period.QUARTER: 3}
_MONTHS_PER_YEAR: Final = 12


def period_ranges(period: Period, day: int) -> tuple[DayRange, DayRange]:
    """Return the whole period that contains `day`, and the period before it; a rolling period ends with `day`."""
    if days := _ROLLING_DAYS.get(period):
        return DayRange(day - days + 1, day), DayRange(day - 2 * days + 1, day - days)
    step, today = _PERIOD_MONTHS[period], date.fromordinal(_EPOCH + day)
    months = today.year * _MONTHS_PER_YEAR + today.month - 1
    first_month = months - months % step
    before, start, end = (_first_day(month) for month in (first_month - step, first_month, first_month + step))
    return DayRange(start, end - 1), DayRange(before, start - 1)


def _first_day(months: int) -> int:
    """Return the first day (since 1970) of a month; months are counted from the year 0."""
    year, month = divmod(months, _MONTHS_PER_YEAR)
    return date(year, month + 1, 1).toordinal() - _EPOCH


class ObjectiveCounts(NamedTuple):
    """How many reports kept a limit, were released from it by a competing ending, missed it, or are pending."""

    kept: int
    released: int
    missed: int
    pending: int


def count_outcomes(cells: Cells, limit: int, reports: int) -> ObjectiveCounts:
    """Return how many of `reports` kept, missed or were released from `limit`; reports in no cell are pending.

    Raises ValueError for a limit that is no edge of the duration bins.
    """
    last = edge_index(limit)
    kept = released = missed = 0
    for (_, leaving, ending), count in cells.items():
        if leaving > last or ending == EXPIRED:
            missed += count
        elif ending == STOPPED:
            kept += count
        elif ending != OPEN:
            released += count
    return ObjectiveCounts(kept, released, missed, reports - kept - released - missed)


class ObjectiveResult(NamedTuple):
    """The result of an objective for the filings of a period.

    `value` is a share for `each` and `share`, else seconds. `lower_bound`: open reports make a mean a lower bound.
    `met` and `value` are None where they are not known yet. `misses_left`: how many more of these reports may miss the
    limit, negative if too many have missed it, None for a mean.
    """

    reports: int
    value: float | None
    lower_bound: bool
    met: bool | None
    misses_left: int | None


# Without it, (1 - 0.9) * 10 is a float just below 1, and its floor is 0.
_ROUNDING: Final = 1e-9


def evaluate_objective(
    statistics: ClockStatistics, cells: Cells, reports: int, target: Target, *, has_watermark: bool = True
) -> ObjectiveResult:
    """Return how `reports` keep a target; `statistics` must be computed from the same `cells`.

    `has_watermark`: whether the platform has a watermark; without one, the ages of open reports are not known.
    """
    counts = count_outcomes(cells, target.limit, reports)
    is_measurable = has_watermark and statistics.curve.exposure.is_measurable
    if target.share is None:
        return _evaluate_mean(statistics, counts, target, is_measurable=is_measurable)
    # A quantile is the time within which a share of all reports is stopped, so a released report counts as a miss.
    missed = counts.missed + (counts.released if target.statistic is Statistic.QUANTILE else 0)
    allowed = floor((1 - target.share) * reports + _ROUNDING)
    met: bool | None = None
    if missed > allowed:
        met = False
    elif is_measurable and missed + counts.pending <= allowed:
        met = True
    value = _measured_value(statistics, cells, target, target.share) if is_measurable else None
    return ObjectiveResult(reports, value, lower_bound=False, met=met, misses_left=allowed - missed)


def _evaluate_mean(
    statistics: ClockStatistics, counts: ObjectiveCounts, target: Target, *, is_measurable: bool
) -> ObjectiveResult:
    seconds, exact = statistics.mean.seconds, statistics.mean.exact and not counts.pending
    met: bool | None = None
    if seconds is not None and seconds > target.limit / SECOND:
        met = False
    elif seconds is not None and exact and is_measurable:
        met = True
    shown = seconds if is_measurable else None
    return ObjectiveResult(sum(counts), shown, lower_bound=shown is not None and not exact, met=met, misses_left=None)


def _measured_value(statistics: ClockStatistics, cells: Cells, target: Target, share: float) -> float | None:
    if target.statistic is Statistic.QUANTILE:
        return quantile(statistics.curve, share).value
    within = estimate(_count_releases_as_stops(cells)).within(target.limit)
    return None if within is None else within.value


def _count_releases_as_stops(cells: Cells) -> Mapping[tuple[int, int, int], int]:
    """Return the cells with every ending that releases a report counted as a stop."""
    counted: Counter[tuple[int, int, int]] = Counter()
    for (entry, leaving, ending), count in cells.items():
        counted[entry, leaving, ending if ending in (OPEN, EXPIRED) else STOPPED] += count
    return counted
