"""How the filings of a rule's period keep to what it asks; a clock that has no limit has none."""

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
    """Return a gauge of how a rule is kept, by platform, clock and whatever else."""
    each = len(PERIODS) if PERIOD in labels else 1
    budget = each * BUDGETED_CLOCKS
    return board_gauge(
        f"objective_{name}", text, PLATFORM, LIMITED_CLOCK, *labels, max_series=budget, starts_at_zero=starts_at_zero
    )


OBJECTIVES: Final = (
    _objective_gauge(
        "reports",
        "Filings of the period on which the clock runs or ran, by day of filing.",
        PERIOD,
        starts_at_zero=True,
    ),
    _objective_gauge(
        "ratio",
        "Where a share or each report is judged: the share of the period's reports that do not miss, open reports "
        "included; absent where it cannot be given (yet).",
        PERIOD,
    ),
    _objective_gauge(
        "seconds",
        "Where a mean or a quantile is judged: its value over the period's reports, open ones included; absent where "
        "not reached or not known.",
        PERIOD,
    ),
    _objective_gauge(
        "lower_bound",
        "Where a mean is judged: 1 when safeclock_objective_seconds is only a lower bound, since reports are open.",
        PERIOD,
    ),
    _objective_gauge(
        "met",
        "1 when the period's filings so far keep the rule whatever becomes of open ones, 0 when they do not; absent "
        "where it cannot be told yet. No finding about a law.",
        PERIOD,
    ),
    _objective_gauge(
        "budget_reports",
        "Misses left among the current period's filings so far, negative when there were too many; absent where a mean "
        "is judged.",
    ),
)
