"""The metric catalogue: every metric that a Safeclock process exports, declared once, as data.

Board, worker, rules, dashboards and documentation read names, help and label sets from here and spell none
themselves. A metric whose label set is known starts at zero (`zeros`), because `increase` does not see a series that
is born at one. Product metrics (exported by the board) carry neither partition nor worker. A board exports none of
them before it has read every partition of `measures` to its end: a partial sum would read as a counter reset.
"""

from typing import Final

from streams.contract.metrics.cohorts import COHORT_STATISTICS
from streams.contract.metrics.counters import COUNTERS
from streams.contract.metrics.freshness import FRESHNESS
from streams.contract.metrics.gauges import GAUGES
from streams.contract.metrics.integrity import INTEGRITY
from streams.contract.metrics.metric import BUDGETED_CLOCKS, Metric
from streams.contract.metrics.objectives import OBJECTIVES
from streams.contract.metrics.pipeline import PIPELINE

__all__ = [
    "BUDGETED_CLOCKS",
    "COHORT_STATISTICS",
    "COUNTERS",
    "FRESHNESS",
    "GAUGES",
    "INTEGRITY",
    "MAX_SERIES_PER_PLATFORM",
    "METRICS",
    "OBJECTIVES",
    "PIPELINE",
    "metric_by_name",
]

METRICS: Final = (*COUNTERS, *GAUGES, *COHORT_STATISTICS, *OBJECTIVES, *INTEGRITY, *FRESHNESS, *PIPELINE)
"""Every metric, in the order of the documentation."""

MAX_SERIES_PER_PLATFORM: Final = 1_750
"""The most product series that one platform may cost, with `CLOCKS_RECKONED` clocks that all have a limit and pause."""


def metric_by_name(name: str) -> Metric:
    """Return the metric called `name`; KeyError when the catalogue does not declare it."""
    for metric in METRICS:
        if metric.name == name:
            return metric
    raise KeyError(name)
