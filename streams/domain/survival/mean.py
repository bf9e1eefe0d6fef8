"""The mean time of reports, which is a lower bound while any of them is open."""

from typing import NamedTuple

from streams.domain.duration_bins import SECOND


class DurationTotal(NamedTuple):
    """The number of some reports and the exact sum of their durations, in milliseconds."""

    reports: int
    total: int


class Mean(NamedTuple):
    """A mean in seconds, or None without reports; a mean that is not `exact` is a lower bound."""

    seconds: float | None
    exact: bool


def mean(ended: DurationTotal, still_open: DurationTotal) -> Mean:
    """Return the mean duration of ended and open reports, the open reports at their current age.

    Open reports will take longer than their current age, so with any of them the mean is a lower bound.
    """
    reports = ended.reports + still_open.reports
    seconds = (ended.total + still_open.total) / reports / SECOND if reports else None
    return Mean(seconds, exact=not still_open.reports)
