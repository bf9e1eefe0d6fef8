"""Metrics of objectives: how far the filings of a period meet a rule; only clocks with a limit have them."""

from typing import Final

from streams.contract.metrics.metric import (
    BUDGETED_CLOCKS,
    LIMITED_CLOCK,
    PERIOD,
    PERIODS,
    PLATFORM,
    Label,
    Metric,
    board_gauge,
)


def _objective_gauge(name: str, text: str, *labels: Label, starts_at_zero: bool = False) -> Metric:
    """Return a gauge of an objective, by platform, clock and further labels."""
    periods = len(PERIODS) if PERIOD in labels else 1
    max_series = periods * BUDGETED_CLOCKS
    return board_gauge(
        f"objective_{name}",
        text,
        PLATFORM,
        LIMITED_CLOCK,
        *labels,
        max_series=max_series,
        starts_at_zero=starts_at_zero,
    )


OBJECTIVES: Final = (
    _objective_gauge(
        "reports",
        "Reports filed in the period on which the clock runs or ran.",
        PERIOD,
        starts_at_zero=True,
    ),
    _objective_gauge(
        "ratio",
        "For a rule on a share or on each report: the share of the period's reports that do not miss the limit, open "
        "reports included; absent while it cannot be estimated.",
        PERIOD,
    ),
    _objective_gauge(
        "seconds",
        "For a rule on a mean or a quantile: its value over the period's reports, open reports included; absent if not "
        "reached or not known.",
        PERIOD,
    ),
    _objective_gauge(
        "lower_bound",
        "For a rule on a mean: 1 if safeclock_objective_seconds is only a lower bound, since reports are open.",
        PERIOD,
    ),
    _objective_gauge(
        "met",
        "1 if the period's filings so far meet the rule in every possible outcome of open reports, 0 if they miss it; "
        "absent while neither is certain. This is no legal finding.",
        PERIOD,
    ),
    _objective_gauge(
        "budget_reports",
        "Further misses that the rule allows among the current period's filings so far, negative if there were too "
        "many; absent for a rule on a mean.",
    ),
)
