"""Metrics of filing cohorts, labelled by age, since labels with dates would create new series without end."""

from typing import Final

from streams.contract.metrics.metric import (
    BOUND,
    CLOCK,
    COHORT,
    COHORT_LIMITS,
    COHORTS,
    PLATFORM,
    STATISTIC,
    Label,
    board_gauge,
)

COHORT_STATISTICS: Final = (
    board_gauge(
        "cohort_start_timestamp_seconds",
        "First instant of a filing cohort, UTC. The cohort week-00 is the current ISO week; recent is all fourteen "
        "weeks together.",
        COHORT,
        max_series=len(COHORTS),
    ),
    board_gauge(
        "cohort_filed_reports",
        "Reports filed in a cohort, in any state.",
        PLATFORM,
        COHORT,
        max_series=15,
        starts_at_zero=True,
    ),
    board_gauge(
        "cohort_open_reports",
        "Reports of a cohort that are open.",
        PLATFORM,
        COHORT,
        max_series=15,
        starts_at_zero=True,
    ),
    board_gauge(
        "cohort_measurable",
        "1 if shares and quantiles of the cohort can be estimated, as far as its curve is known. 0 if more than 5 % of "
        "its filings were logged only when they were closed, nothing was filed, or the platform has a declared "
        "watermark on some partitions only.",
        PLATFORM,
        COHORT,
        CLOCK,
        max_series=45,
        starts_at_zero=True,
    ),
    board_gauge(
        "cohort_within_ratio",
        "Share of a cohort's reports whose clock stopped within a limit, open reports included, with its 95 % "
        "interval; absent while it cannot be estimated.",
        PLATFORM,
        COHORT,
        CLOCK,
        Label("limit", tuple(COHORT_LIMITS)),
        BOUND,
        max_series=540,
    ),
    board_gauge(
        "cohort_quantile_seconds",
        "Duration within which the clock stopped on half (median) or nine tenths (p90) of a cohort's reports, open "
        "reports included, with its 95 % interval; absent if not reached or not known.",
        PLATFORM,
        COHORT,
        CLOCK,
        STATISTIC,
        BOUND,
        max_series=270,
    ),
    board_gauge(
        "cohort_quantile_reached",
        "1 if a cohort's quantile is reached, 0 if too few clocks stopped within the observed time; absent if that is "
        "not known.",
        PLATFORM,
        COHORT,
        CLOCK,
        STATISTIC,
        max_series=90,
    ),
    board_gauge(
        "cohort_closed_only_median_seconds",
        "Closed reports only: median of a cohort's stopped clocks, as transparency reports print it. Not comparable "
        "between platforms; absent while no clock has stopped.",
        PLATFORM,
        COHORT,
        CLOCK,
        max_series=45,
    ),
)
