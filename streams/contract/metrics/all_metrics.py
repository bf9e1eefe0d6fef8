"""The metric catalogue: every metric that a Safeclock process exports, declared once, as data.

Board, worker, rules, dashboards and documentation use the names, help texts and label sets of this catalogue. A metric
with known label sets starts at zero (`starts_at_zero`), since `increase` does not count the first value of a series.
Product metrics (exported by the board) have no label for partition or worker. A board exports product metrics only
after it has read every partition of `measures` to its end, since a partial sum would look like a counter reset.
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
from streams.contract.metrics.verdicts import VERDICTS

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
    "VERDICTS",
    "metric_by_name",
]

METRICS: Final = (*COUNTERS, *GAUGES, *COHORT_STATISTICS, *OBJECTIVES, *VERDICTS, *INTEGRITY, *FRESHNESS, *PIPELINE)
"""Every metric, in the order of the documentation."""

MAX_SERIES_PER_PLATFORM: Final = 1_770
"""Maximum number of product series of one platform, with `BUDGETED_CLOCKS` clocks that all have a limit and pause."""


def metric_by_name(name: str) -> Metric:
    """Return the metric called `name`; raises KeyError if the catalogue does not declare it."""
    for metric in METRICS:
        if metric.name == name:
            return metric
    raise KeyError(name)
