"""Survival analysis with competing risks: Kaplan-Meier, Aalen-Johansen, intervals.

Start with estimate.py and curve.py.
Imports duration bins.
"""

from streams.domain.survival.closed_only import DurationTotal, Mean, closed_only_median, mean, whole_hour_median
from streams.domain.survival.curve import Curve, Method, RestrictedMean
from streams.domain.survival.estimate import estimate
from streams.domain.survival.interval import UNKNOWN, Interval, log_log, wilson
from streams.domain.survival.risk_table import FROM_START, OPEN, STOPPED, Cells, Exposure, TimePoint

__all__ = [
    "FROM_START",
    "OPEN",
    "STOPPED",
    "UNKNOWN",
    "Cells",
    "Curve",
    "DurationTotal",
    "Exposure",
    "Interval",
    "Mean",
    "Method",
    "RestrictedMean",
    "TimePoint",
    "closed_only_median",
    "estimate",
    "log_log",
    "mean",
    "whole_hour_median",
    "wilson",
]
