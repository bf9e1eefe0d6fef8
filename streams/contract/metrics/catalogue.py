"""The metric catalogue: every metric that a Safeclock process exports, declared once, as data.

Board, worker, rules, dashboards and documentation read names, help and label sets from here and spell none
themselves. A metric whose label set is known starts at zero (`zeros`), because `increase` does not see a series that
is born at one. Product metrics (exported by the board) carry neither partition nor worker. A board exports none of
them before it has read every partition of `measures` to its end: a partial sum would read as a counter reset.
"""

from typing import Final

from streams.contract.metrics.cohorts import COHORT_FIGURES
from streams.contract.metrics.counters import AS_IT_HAPPENED
from streams.contract.metrics.freshness import FRESHNESS
from streams.contract.metrics.gauges import AS_CORRECTED
from streams.contract.metrics.integrity import INTEGRITY
from streams.contract.metrics.metric import CLOCKS_RECKONED, Metric
from streams.contract.metrics.objectives import OBJECTIVES
from streams.contract.metrics.pipeline import PIPELINE

__all__ = [
    "AS_CORRECTED",
    "AS_IT_HAPPENED",
    "BUDGET",
    "CLOCKS_RECKONED",
    "COHORT_FIGURES",
    "FRESHNESS",
    "INTEGRITY",
    "METRICS",
    "OBJECTIVES",
    "PIPELINE",
    "named",
]

METRICS: Final = (*AS_IT_HAPPENED, *AS_CORRECTED, *COHORT_FIGURES, *OBJECTIVES, *INTEGRITY, *FRESHNESS, *PIPELINE)
"""Every metric, in the order of the documentation."""

BUDGET: Final = 1_750
"""The most product series that one platform may cost, with `CLOCKS_RECKONED` clocks that all have a limit and pause."""


def named(name: str) -> Metric:
    """Return the metric called `name`; KeyError when the catalogue does not declare it."""
    for metric in METRICS:
        if metric.name == name:
            return metric
    raise KeyError(name)
