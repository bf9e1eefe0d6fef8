"""The PromQL queries of the overview; every metric name is in the catalogue.

Where a figure is not known, a query returns a negative number, which no duration or share can be. A table maps the
number to the reason.
"""

from typing import Final

from dashboards.promql import select, select_once
from dashboards.rules.recording.rules import SLOW, missed_ratio
from streams.contract.metrics.metric import RECENT_COHORT, STANDARD_CLOCK_IDS
from streams.contract.outputs import formatting

MIN_COHORT_REPORTS: Final = 20
"""Cohorts of fewer reports show no rate, since the interval would be wider than any difference of interest."""

NOT_REACHED: Final = -1
NOT_MEASURABLE: Final = -2
TOO_FEW: Final = -3
NOT_KNOWN: Final = -4
VALUE_TEXTS: Final = {
    str(NOT_REACHED): formatting.NOT_REACHED,
    str(NOT_MEASURABLE): formatting.NOT_MEASURABLE,
    str(TOO_FEW): f"n < {MIN_COHORT_REPORTS}",
    str(NOT_KNOWN): formatting.NOT_KNOWN,
}

DECISION: Final = "time_to_decision"
ACTION: Final = "time_to_action"
_SELECTED_PLATFORMS: Final = "~$platform"
_AS_OF: Final = f"max({select('safeclock_as_of_timestamp_seconds')})"


def _by_platform(name: str, **labels: str) -> str:
    """Return one value of a metric per selected platform."""
    return f"max by (platform) ({select(name, platform=_SELECTED_PLATFORMS, **labels)})"


def _by_clock(name: str, **labels: str) -> str:
    """Return one value of a metric per selected platform and clock."""
    return f"max by (platform, clock) ({select(name, platform=_SELECTED_PLATFORMS, **labels)})"


def _while_nonzero(name: str) -> str:
    """Return one value per selected platform and clock while the value is above 0, and the first 0 that follows."""
    now = _by_clock(name)
    before = f"max by (platform, clock) ({select(name, platform=_SELECTED_PLATFORMS)} offset $__interval)"
    return f"{now} > 0 or {now} and {before} > 0"


def objective_met(period: str) -> str:
    """Return whether the filings of a period meet the objective of each clock: 1 or 0, no value if it is not known."""
    return _by_clock("safeclock_objective_met", period=period)


_FILED: Final = _by_platform("safeclock_cohort_filed_reports", cohort=RECENT_COHORT)
_TOO_FEW_REPORTS: Final = f"({_FILED} < {MIN_COHORT_REPORTS}) * 0 + ({TOO_FEW})"


def _or_reason(clock: str, *values: str) -> str:
    """Return, per platform, the first of `values` that exists, or the reason why there is no figure."""
    measurable = _by_platform("safeclock_cohort_measurable", cohort=RECENT_COHORT, clock=clock)
    unmeasurable, not_known = f"({measurable} == 0) + ({NOT_MEASURABLE})", f"({measurable} * 0) + ({NOT_KNOWN})"
    return " or on (platform) ".join([_TOO_FEW_REPORTS, unmeasurable, *values, not_known])


def share_by_week(clock: str) -> str:
    """Return the share stopped within 24 hours by platform and week of filing, open reports included."""
    labels = {
        "platform": _SELECTED_PLATFORMS,
        "cohort": "~week-.*",
        "clock": clock,
        "limit": "24h",
        "bound": "estimate",
    }
    share = f"max by (platform, cohort) ({select('safeclock_cohort_within_ratio', **labels)})"
    filed = f"max by (platform, cohort) ({select('safeclock_cohort_filed_reports', platform=_SELECTED_PLATFORMS)})"
    return f"{share} and on (platform, cohort) {filed} >= {MIN_COHORT_REPORTS}"


def share_of_last_full_week(clock: str) -> str:
    """Return the share stopped within 24 hours of the last full week of filings, as it was known at each instant."""
    labels = {"cohort": "week-01", "clock": clock, "limit": "24h", "bound": "estimate"}
    share = _by_platform("safeclock_cohort_within_ratio", **labels)
    return f"{share} and on (platform) {_by_platform('safeclock_cohort_filed_reports', cohort='week-01')} >= {MIN_COHORT_REPORTS}"


def recent_share(clock: str, bound: str) -> str:
    """Return the share stopped within 24 hours of all recent filings, or the reason why it is not known."""
    labels = {"cohort": RECENT_COHORT, "clock": clock, "limit": "24h", "bound": bound}
    figure = _by_platform("safeclock_cohort_within_ratio", **labels)
    return _or_reason(clock, figure)


def recent_quantile(clock: str, statistic: str) -> str:
    """Return a quantile of the durations of all recent filings, or the reason why it is not known."""
    labels = {"cohort": RECENT_COHORT, "clock": clock, "statistic": statistic}
    reached = f"({_by_platform('safeclock_cohort_quantile_reached', **labels)} == 0) + ({NOT_REACHED})"
    figure = _by_platform("safeclock_cohort_quantile_seconds", bound="estimate", **labels)
    return _or_reason(clock, reached, figure)


def closed_only_median(clock: str) -> str:
    """Return the closed-only median, as transparency reports print it."""
    return _by_platform("safeclock_cohort_closed_only_median_seconds", cohort=RECENT_COHORT, clock=clock)


def stopped_by_bucket(clock: str) -> str:
    """Return how many reports had their clock stopped within each bucket, less corrections."""
    stopped = select_once("safeclock_clock_stopped_seconds", "bucket", platform=_SELECTED_PLATFORMS, clock=clock)
    taken_back = select_once("safeclock_clock_corrected_seconds", "bucket", platform=_SELECTED_PLATFORMS, clock=clock)
    return f"sum by (le) ({stopped}) - sum by (le) ({taken_back})"


RECENT_FILED: Final = _FILED
OPEN_NOW: Final = _by_platform("safeclock_open_reports")
OLDEST_OPEN: Final = f"{_AS_OF} - on () group_right () {_by_platform('safeclock_oldest_open_report_timestamp_seconds')}"
STATES: Final = f"max by (platform, state) ({select('safeclock_reports', platform=_SELECTED_PLATFORMS)})"
OVERDUE: Final = _by_clock("safeclock_overdue_reports", clock=f"~{'|'.join(STANDARD_CLOCK_IDS)}")
OVERDUE_BY_RULE: Final = _while_nonzero("safeclock_overdue_reports")
URGENT_BY_RULE: Final = _while_nonzero("safeclock_urgent_overdue_reports")
DUE_SOON: Final = _while_nonzero("safeclock_due_soon_reports")
MISSES_LEFT: Final = _by_clock("safeclock_objective_budget_reports")
REFUSED: Final = f"max by (platform, reason) ({select('safeclock_events_refused_total', platform=f'{_SELECTED_PLATFORMS}|unknown')}) > 0"
MISSED_RATIO: Final = f'{missed_ratio(SLOW.long)}{{platform=~"$platform"}}'
FIGURES_AGE: Final = f"time() - min({select('safeclock_as_of_timestamp_seconds')})"
FIGURES_LAG: Final = f"{_AS_OF} - min({select('safeclock_figures_timestamp_seconds')})"
NOT_READY: Final = (
    f"max({select('safeclock_partitions_expected')}) - sum(max by (partition) ({select('safeclock_partition_ready')}))"
)
SILENCE: Final = (
    f"(scalar({_AS_OF}) - {_by_platform('safeclock_complete_through_timestamp_seconds')}) "
    f"/ on (platform) {_by_platform('safeclock_cadence_seconds')}"
)
DUPLICATES: Final = _by_platform("safeclock_events_duplicate_total")
CONFLICTS: Final = _by_platform("safeclock_events_conflicting_total")
SKEWED: Final = _by_platform("safeclock_events_skewed_total")
RETRACTED: Final = _by_platform("safeclock_events_retracted_total")
REVERSED: Final = _by_platform("safeclock_actions_total", outcome="reversed")
REOPENED: Final = _by_platform("safeclock_actions_total", outcome="reopened")
ORPHANS: Final = _by_platform("safeclock_orphans_waiting")
