"""What a rule asks of a clock over a period, and how far its reports keep to it. Definitions: docs/statistics.md.

A report *misses* when its verdict is missed (docs/definitions.md §6): no matter how it ends, or whether it ever does.
Nothing is called kept before it can no longer turn out otherwise: what is open and within its limit may still miss.
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
from streams.domain.survival import Cells, estimate


class Statistic(StrEnum):
    """What a rule asks of the durations in a period: of each of them, of their mean, of a share, of a quantile."""

    EACH = "each"
    MEAN = "mean"
    SHARE = "share"
    QUANTILE = "quantile"


class Period(StrEnum):
    """Over which filings a rule is judged: a calendar month or quarter, UTC, or the last 28 or 90 days."""

    MONTH = "month"
    QUARTER = "quarter"
    ROLLING_28D = "rolling_28d"
    ROLLING_90D = "rolling_90d"

    @property
    def is_calendar(self) -> bool:
        """Whether it begins anew on a date of the calendar; the last 28 or 90 days never do."""
        return self in {Period.MONTH, Period.QUARTER}


class Target(NamedTuple):
    """What is asked: `limit` in milliseconds, and the share of reports that must keep it, None where a mean must."""

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
    """Return the period that `day` is in, up to its last day, and the one before it; a rolling one ends with `day`."""
    if days := _ROLLING_DAYS.get(period):
        return DayRange(day - days + 1, day), DayRange(day - 2 * days + 1, day - days)
    step, today = _PERIOD_MONTHS[period], date.fromordinal(_EPOCH + day)
    months = today.year * _MONTHS_PER_YEAR + today.month - 1
    begun = months - months % step
    before, start, end = (_first_day(month) for month in (begun - step, begun, begun + step))
    return DayRange(start, end - 1), DayRange(before, start - 1)


def _first_day(months: int) -> int:
    """Return the first day of a month that is counted from the year 0."""
    year, month = divmod(months, _MONTHS_PER_YEAR)
    return date(year, month + 1, 1).toordinal() - _EPOCH


class ObjectiveCounts(NamedTuple):
    """How many reports certainly kept a limit, were released from it by another ending, missed it, or may do either."""

    kept: int
    released: int
    missed: int
    pending: int


def count_outcomes(cells: Cells, limit: int, reports: int) -> ObjectiveCounts:
    """Return where `reports` stand; those that are in no cell are pending.

    Raises ValueError for a limit off the grid.
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
    """How a rule is kept by the filings of a period.

    `value` is a share where each report or a share of them is judged, else seconds; a `lower_bound` where a mean has
    open reports in it. `met` and `value` are None where they cannot be told yet; `misses_left` is how many more reports
    may miss among as many filings, negative when too many did, None for a mean.
    """

    reports: int
    value: float | None
    lower_bound: bool
    met: bool | None
    misses_left: int | None


# 0.1 of 10 reports is one, whatever floats make of it.
_ROUNDING: Final = 1e-9


def evaluate_objective(
    statistics: ClockStatistics, cells: Cells, reports: int, target: Target, *, has_watermark: bool = True
) -> ObjectiveResult:
    """Return how `reports` keep to a target; `figures` are of the same `cells`.

    Not `known`: nobody can say how long those that are open have waited.
    """
    stand = count_outcomes(cells, target.limit, reports)
    exposed = has_watermark and statistics.curve.exposure.is_measurable
    if target.share is None:
        return _evaluate_mean(statistics, stand, target, is_measurable=exposed)
    # A quantile is one of all reports: another ending does not bring it nearer.
    missed = stand.missed + (stand.released if target.statistic is Statistic.QUANTILE else 0)
    allowed = floor((1 - target.share) * reports + _ROUNDING)
    met: bool | None = None
    if missed > allowed:
        met = False
    elif exposed and missed + stand.pending <= allowed:
        met = True
    value = _measured_value(statistics, cells, target, target.share) if exposed else None
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
        return statistics.curve.quantile(share).value
    within = estimate(_count_releases_as_stops(cells)).within(target.limit)
    return None if within is None else within.value


def _count_releases_as_stops(cells: Cells) -> Mapping[tuple[int, int, int], int]:
    """Return the cells with every ending that releases a report in the place of a stop."""
    settled: Counter[tuple[int, int, int]] = Counter()
    for (entry, leaving, ending), count in cells.items():
        settled[entry, leaving, ending if ending in (OPEN, EXPIRED) else STOPPED] += count
    return settled
