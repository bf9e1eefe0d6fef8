"""The true answers about a set of simulated reports, by plain sorting: no ledger, no estimator.

The model knows how every report ends, also after the end of the span, so nothing here is censored.
"""

from bisect import bisect_right
from collections.abc import Sequence
from math import inf
from statistics import median
from typing import Final, NamedTuple

from streams.domain.duration_bins import DAY, SECOND

ClockTruth = dict[str, float | int | None]
"""The figures of one clock; None where a value is not reached or does not exist."""


class TrueReport(NamedTuple):
    """One real report: when it was filed, first told, ended, and when each clock stopped; None for never.

    A report is seen when it is acknowledged, or when anything else shows that it was not overlooked.
    """

    filed_at: int
    published_at: int | None
    ended_at: int | None
    acknowledged_at: int | None
    decided_at: int | None
    acted_at: int | None


STOP_FIELD_BY_CLOCK: Final = {
    "time_to_acknowledge": TrueReport._fields.index("acknowledged_at"),
    "time_to_decision": TrueReport._fields.index("decided_at"),
    "time_to_action": TrueReport._fields.index("acted_at"),
}
"""The clocks, each with the place of its stop in a case."""


def clock_truths(reports: Sequence[TrueReport], until_ms: int) -> dict[str, ClockTruth]:
    """Return the figures of every clock; the closed-only median is of what had stopped by `until_ms`."""
    return {clock: _clock_truth(reports, place, until_ms) for clock, place in STOP_FIELD_BY_CLOCK.items()}


def _clock_truth(reports: Sequence[TrueReport], stop_field: int, until_ms: int) -> ClockTruth:
    took = sorted(_duration(case, stop_field) for case in reports)
    closed = [stop - case.filed_at for case in reports if (stop := case[stop_field]) is not None and stop <= until_ms]
    middle = took[(len(took) - 1) // 2] if took else inf
    return {
        "stopped": sum(duration < inf for duration in took),
        "median_seconds": None if middle == inf else middle / SECOND,
        "share_within_24h": bisect_right(took, DAY) / len(took) if took else None,
        "closed_only_median_seconds": median(closed) / SECOND if closed else None,
    }


def share_within(reports: Sequence[TrueReport], stop_field: int, limit_ms: int) -> float | None:
    """Return which share of all cases stopped within `limit_ms` of their filing; None where there is no case."""
    if not reports:
        return None
    return sum(_duration(case, stop_field) <= limit_ms for case in reports) / len(reports)


def _duration(report: TrueReport, stop_field: int) -> float:
    stop = report[stop_field]
    return inf if stop is None else stop - report.filed_at


def rank_with_missing_last(statistics: dict[str, float | int | None], *, smallest_first: bool) -> dict[str, int]:
    """Return each name's rank from 1; equal figures share one, names without a figure share the last."""
    worst = inf if smallest_first else -inf
    values = {name: worst if value is None else value for name, value in statistics.items()}
    ordered = sorted(values.values(), reverse=not smallest_first)
    return {name: ordered.index(value) + 1 for name, value in values.items()}
