"""Computes the true figures of a set of simulated reports by sorting, without a ledger and without an estimator.

The model knows how every report ends, also after the end of the history, so no report is censored.
"""

from bisect import bisect_right
from collections.abc import Sequence
from math import inf
from statistics import median
from typing import Final, NamedTuple

from streams.domain.duration_bins import DAY, SECOND

ClockTruth = dict[str, float | int | None]
"""The true figures of one clock; None if a value is not reached or does not exist."""


class TrueReport(NamedTuple):
    """The instants of one genuine report, in epoch milliseconds; None for never.

    A report counts as acknowledged when an acknowledgement or any later step shows that the platform has seen it.
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
"""The clocks, each with the index of its stop in `TrueReport`."""


def clock_truths(reports: Sequence[TrueReport], until_ms: int) -> dict[str, ClockTruth]:
    """Return the true figures of every clock; the closed-only median covers clocks that stopped by `until_ms`."""
    return {clock: _clock_truth(reports, stop_field, until_ms) for clock, stop_field in STOP_FIELD_BY_CLOCK.items()}


def _clock_truth(reports: Sequence[TrueReport], stop_field: int, until_ms: int) -> ClockTruth:
    durations = sorted(_duration(report, stop_field) for report in reports)
    closed = [
        stop - report.filed_at for report in reports if (stop := report[stop_field]) is not None and stop <= until_ms
    ]
    middle = durations[(len(durations) - 1) // 2] if durations else inf
    return {
        "stopped": sum(duration < inf for duration in durations),
        "median_seconds": None if middle == inf else middle / SECOND,
        "share_within_24h": bisect_right(durations, DAY) / len(durations) if durations else None,
        "closed_only_median_seconds": median(closed) / SECOND if closed else None,
    }


def share_within(reports: Sequence[TrueReport], stop_field: int, limit_ms: int) -> float | None:
    """Return the share of reports whose clock stopped within `limit_ms` of the filing; None without reports."""
    if not reports:
        return None
    return sum(_duration(report, stop_field) <= limit_ms for report in reports) / len(reports)


def _duration(report: TrueReport, stop_field: int) -> float:
    stop = report[stop_field]
    return inf if stop is None else stop - report.filed_at


def rank_with_missing_last(statistics: dict[str, float | int | None], *, smallest_first: bool) -> dict[str, int]:
    """Return each name's rank from 1; equal values share a rank, and names without a value share the last rank."""
    worst = inf if smallest_first else -inf
    values = {name: worst if value is None else value for name, value in statistics.items()}
    ordered = sorted(values.values(), reverse=not smallest_first)
    return {name: ordered.index(value) + 1 for name, value in values.items()}
