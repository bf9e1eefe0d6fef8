"""Survival analysis with competing risks: Kaplan-Meier, Aalen-Johansen, intervals.

Start with estimate.py, curve.py and median.py.
Imports duration bins.
"""

from streams.domain.survival.closed_only_median import closed_only_median, whole_hour_median
from streams.domain.survival.curve import Curve, Method, RestrictedMean
from streams.domain.survival.estimate import estimate
from streams.domain.survival.interval import UNKNOWN, Interval, log_log, wilson
from streams.domain.survival.mean import DurationTotal, Mean, mean
from streams.domain.survival.median import is_reached, median, quantile
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
    "is_reached",
    "log_log",
    "mean",
    "median",
    "quantile",
    "whole_hour_median",
    "wilson",
]
