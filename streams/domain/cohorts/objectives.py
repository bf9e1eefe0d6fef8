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
from streams.domain.cohorts.statistics import ClockFigures
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
    def of_calendar(self) -> bool:
        """Whether it begins anew on a date of the calendar; the last 28 or 90 days never do."""
        return self in {Period.MONTH, Period.QUARTER}


class Target(NamedTuple):
    """What is asked: `limit` in milliseconds, and the share of reports that must keep it, None where a mean must."""

    statistic: Statistic
    limit: int
    share: float | None


class Span(NamedTuple):
    """Filing days from `first` to `last`, both included, in days since 1970."""

    first: int
    last: int


_EPOCH: Final = date(1970, 1, 1).toordinal()
_ROLLING: Final = {Period.ROLLING_28D: 28, Period.ROLLING_90D: 90}
_MONTHS: Final = {Period.MONTH: 1, Period.QUARTER: 3}
_MONTHS_PER_YEAR: Final = 12


def spans(period: Period, day: int) -> tuple[Span, Span]:
    """Return the period that `day` is in, up to its last day, and the one before it; a rolling one ends with `day`."""
    if days := _ROLLING.get(period):
        return Span(day - days + 1, day), Span(day - 2 * days + 1, day - days)
    step, today = _MONTHS[period], date.fromordinal(_EPOCH + day)
    months = today.year * _MONTHS_PER_YEAR + today.month - 1
    begun = months - months % step
    before, start, end = (_first_of(month) for month in (begun - step, begun, begun + step))
    return Span(start, end - 1), Span(before, start - 1)


def _first_of(months: int) -> int:
    """Return the first day of a month that is counted from the year 0."""
    year, month = divmod(months, _MONTHS_PER_YEAR)
    return date(year, month + 1, 1).toordinal() - _EPOCH


class Standing(NamedTuple):
    """How many reports certainly kept a limit, were released from it by another ending, missed it, or may do either."""

    kept: int
    released: int
    missed: int
    pending: int


def standing(cells: Cells, limit: int, reports: int) -> Standing:
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
    return Standing(kept, released, missed, reports - kept - released - missed)


class Judgement(NamedTuple):
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


def judge(figures: ClockFigures, cells: Cells, reports: int, target: Target, *, known: bool = True) -> Judgement:
    """Return how `reports` keep to a target; `figures` are of the same `cells`.

    Not `known`: nobody can say how long those that are open have waited.
    """
    stand = standing(cells, target.limit, reports)
    exposed = known and figures.curve.exposure.measurable
    if target.share is None:
        return _of_mean(figures, stand, target, exposed=exposed)
    # A quantile is one of all reports: another ending does not bring it nearer.
    missed = stand.missed + (stand.released if target.statistic is Statistic.QUANTILE else 0)
    allowed = floor((1 - target.share) * reports + _ROUNDING)
    met: bool | None = None
    if missed > allowed:
        met = False
    elif exposed and missed + stand.pending <= allowed:
        met = True
    value = _value(figures, cells, target, target.share) if exposed else None
    return Judgement(reports, value, lower_bound=False, met=met, misses_left=allowed - missed)


def _of_mean(figures: ClockFigures, stand: Standing, target: Target, *, exposed: bool) -> Judgement:
    seconds, exact = figures.mean.seconds, figures.mean.exact and not stand.pending
    met: bool | None = None
    if seconds is not None and seconds > target.limit / SECOND:
        met = False
    elif seconds is not None and exact and exposed:
        met = True
    shown = seconds if exposed else None
    return Judgement(sum(stand), shown, lower_bound=shown is not None and not exact, met=met, misses_left=None)


def _value(figures: ClockFigures, cells: Cells, target: Target, share: float) -> float | None:
    if target.statistic is Statistic.QUANTILE:
        return figures.curve.quantile(share).value
    within = estimate(_settled(cells)).within(target.limit)
    return None if within is None else within.value


def _settled(cells: Cells) -> Mapping[tuple[int, int, int], int]:
    """Return the cells with every ending that releases a report in the place of a stop."""
    settled: Counter[tuple[int, int, int]] = Counter()
    for (entry, leaving, ending), count in cells.items():
        settled[entry, leaving, ending if ending in (OPEN, EXPIRED) else STOPPED] += count
    return settled
