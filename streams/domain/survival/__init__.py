"""Statistics of waiting: what share of reports had an ending by when, counting those that still wait.

Pure functions of counts on the frozen grid. Definitions, formulas and sources: docs/statistics.md.
"""

from streams.domain.survival.curve import Curve, Method, RestrictedMean
from streams.domain.survival.estimate import estimate
from streams.domain.survival.interval import UNKNOWN, Interval, log_log, wilson
from streams.domain.survival.naive import Mean, Sums, closed_only_median, mean, whole_hour_median
from streams.domain.survival.risk import FROM_START, OPEN, STOPPED, Cells, Exposure, Moment

__all__ = [
    "FROM_START",
    "OPEN",
    "STOPPED",
    "UNKNOWN",
    "Cells",
    "Curve",
    "Exposure",
    "Interval",
    "Mean",
    "Method",
    "Moment",
    "RestrictedMean",
    "Sums",
    "closed_only_median",
    "estimate",
    "log_log",
    "mean",
    "whole_hour_median",
    "wilson",
]
