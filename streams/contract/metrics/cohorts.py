"""Figures by filing cohort. The age of a cohort is the label, not its date: dates would add series for ever."""

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
        "First instant of a filing cohort, UTC: week-00 is the current ISO week, recent all fourteen together.",
        COHORT,
        max_series=len(COHORTS),
    ),
    board_gauge(
        "cohort_filed_reports",
        "Reports filed in a cohort, whatever became of them.",
        PLATFORM,
        COHORT,
        max_series=15,
        starts_at_zero=True,
    ),
    board_gauge(
        "cohort_open_reports",
        "Reports of a cohort that have had no ending so far.",
        PLATFORM,
        COHORT,
        max_series=15,
        starts_at_zero=True,
    ),
    board_gauge(
        "cohort_measurable",
        "1 when the cohort's shares and quantiles can be given, as far as its curve is known; 0 when more than 5 % of its filings were told only "
        "at closing, nothing was filed, or the platform says on some partitions only up to when it is complete.",
        PLATFORM,
        COHORT,
        CLOCK,
        max_series=45,
        starts_at_zero=True,
    ),
    board_gauge(
        "cohort_within_ratio",
        "Share of a cohort's reports whose clock stopped within a limit, open reports included, with its 95 % "
        "interval; absent where it cannot be given (yet).",
        PLATFORM,
        COHORT,
        CLOCK,
        Label("limit", tuple(COHORT_LIMITS)),
        BOUND,
        max_series=540,
    ),
    board_gauge(
        "cohort_quantile_seconds",
        "Time by which half (median) or nine tenths (p90) of a cohort's reports had their clock stopped, open "
        "reports included, with its 95 % interval; absent where not reached or not known.",
        PLATFORM,
        COHORT,
        CLOCK,
        STATISTIC,
        BOUND,
        max_series=270,
    ),
    board_gauge(
        "cohort_quantile_reached",
        "1 when a cohort's quantile exists, 0 when too few reports had their clock stopped as long as any was seen; "
        "absent where that is not known.",
        PLATFORM,
        COHORT,
        CLOCK,
        STATISTIC,
        max_series=90,
    ),
    board_gauge(
        "cohort_closed_only_median_seconds",
        "Closed reports only: median of a cohort's stopped clocks, as transparency reports print it. Not comparable "
        "between platforms; absent while none has stopped.",
        PLATFORM,
        COHORT,
        CLOCK,
        max_series=45,
    ),
)
