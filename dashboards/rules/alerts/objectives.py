"""Alerts on urgent reports that are overdue, on objectives that are missed or at risk, and on failed integrity checks.

None of them is a page. An overdue report is a ticket if a lawyer reviewed the clock, otherwise a line of the digest.
"""

from functools import partial
from typing import Final

from dashboards.promql import select
from dashboards.rules.alert import Alert, AlertSeverity, Audience, last_value, only_fresh_samples, only_when_fresh

MIN_OBJECTIVE_REPORTS: Final = 50
"""Objectives over fewer reports raise no alert, since one slow night could miss them."""
MIN_TREND_REPORTS: Final = 200
"""A forecast needs more reports, since a few misses in a row change the trend of a small platform."""
TREND_WINDOW: Final = "7d"
MIN_TREND_HOURS: Final = 72
"""A trend over fewer hours does not predict the coming days."""
NEW_PERIOD_SHARE: Final = 0.5
"""A calendar period with fewer reports than this share of the maximum within `TREND_WINDOW` is a new period: the first
week of a month never has half of the month's reports, and retractions remove fewer.
"""
MIN_URGENT_OVERDUE: Final = 10
URGENT_FACTOR: Final = 3
"""An unreviewed clock raises an alert when at least `MIN_URGENT_OVERDUE` reports are overdue, and this many times the
platform's usual number.
"""


def _by_platform_and_clock(name: str, modifier: str = "", **labels: str) -> str:
    """Return a gauge with one series per platform and clock, from any board."""
    return f"max by (platform, clock) ({last_value(name, modifier, **labels)})"


def _clocks_with(**labels: str) -> str:
    """Return the clocks that have these labels in `safeclock_clock_info`."""
    return f"max by (clock) ({last_value('safeclock_clock_info', **labels)})"


_URGENT: Final = f"max by (platform, clock) ({select('safeclock_urgent_overdue_reports')})"
_URGENT_RECENTLY: Final = _by_platform_and_clock("safeclock_urgent_overdue_reports")
_PERIOD_REPORTS: Final = _by_platform_and_clock("safeclock_objective_reports", period="current")
_HAS_ENOUGH_REPORTS: Final = f"{_PERIOD_REPORTS} >= {MIN_OBJECTIVE_REPORTS}"
_REVIEWED_CLOCKS: Final = _clocks_with(reviewed="yes")
_AGGREGATE_CLOCKS: Final = _clocks_with(statistic="~mean|share|quantile")
# Boards of an earlier version do not export the label `calendar`, so their periods may be calendar periods.
_CALENDAR_CLOCKS: Final = _clocks_with(calendar="!no")
_MET: Final = _by_platform_and_clock("safeclock_objective_met", period="current")
_MISSES_LEFT: Final = _by_platform_and_clock("safeclock_objective_budget_reports")
_MISSES_LEFT_TREND: Final = f"{only_fresh_samples(_MISSES_LEFT)}[{TREND_WINDOW}:1h]"
_MAX_PERIOD_REPORTS: Final = f"max_over_time({only_fresh_samples(_PERIOD_REPORTS)}[{TREND_WINDOW}:1h])"
_MISSED: Final = only_when_fresh(f"  {_MET} == 0\n  and {_HAS_ENOUGH_REPORTS}\n  and on (clock) {_AGGREGATE_CLOCKS}")
_AT_RISK: Final = only_when_fresh(
    f"  predict_linear({_MISSES_LEFT_TREND}, {7 * 86_400}) < 0\n  and count_over_time({_MISSES_LEFT_TREND}) >= {MIN_TREND_HOURS}"
    f"\n  and {_MISSES_LEFT} >= 0"
    f"\n  and {_PERIOD_REPORTS} >= {MIN_TREND_REPORTS}"
    f"\n  and on (clock) {_AGGREGATE_CLOCKS}"
    # A calendar period that began within the window has no trend yet. A rolling period is never new: it also has fewer
    # reports than before when fewer are filed.
    f"\n  unless (({_PERIOD_REPORTS} < {NEW_PERIOD_SHARE} * {_MAX_PERIOD_REPORTS}) and on (clock) {_CALENDAR_CLOCKS})"
)
_FAILED_CHECKS: Final = only_when_fresh(
    f"  max by (platform, check) ({last_value('safeclock_integrity_check_failed')}) == 1"
)

OBJECTIVE_ALERT_NAMES: Final = (
    "SafeclockUrgentOverdue",
    "SafeclockUrgentOverdueUnreviewed",
    "SafeclockObjectiveMissed",
    "SafeclockObjectiveAtRisk",
)

_analyst_alert = partial(Alert, audience=Audience.ANALYST)

_OVERDUE_CHECK: Final = (
    (
        "Metrics do not name reports: `deadline-missed` events on `report-updates` have the tokens, for those who may read "
        "that topic ([report-updates.md](report-updates.md))."
    ),
    "*Watermark age in cadences* and *Events refused*: if an action was never accepted, its report stays overdue.",
)

ALERTS: Final = (
    _analyst_alert(
        name=OBJECTIVE_ALERT_NAMES[0],
        severity=AlertSeverity.TICKET,
        expr=only_when_fresh(f"  {_URGENT} > 0\n  and on (clock) {_REVIEWED_CLOCKS}"),
        summary="{{ $labels.platform }} has {{ $value | humanize }} urgent reports that are overdue under {{ $labels.clock }}",
        for_="5m",
        keep_firing_for="1h",
        notified_within="15m",
        starting_when="an urgent report is overdue by more than one cadence of its platform",
        means="reports of critical or unspecified severity are overdue by more than one cadence of the platform, under a "
        "clock that a lawyer reviewed. One report is enough.",
        check=_OVERDUE_CHECK,
        do=("Inform the platform at once; name the clock and the number of reports.",),
        not_meant="that the platform broke a law. It is not a page, since the operator cannot change it.",
    ),
    _analyst_alert(
        name=OBJECTIVE_ALERT_NAMES[1],
        severity=AlertSeverity.DIGEST,
        expr=only_when_fresh(
            f"  {_URGENT_RECENTLY} >= {MIN_URGENT_OVERDUE}\n"
            f"  and {_URGENT_RECENTLY} > {URGENT_FACTOR} * avg_over_time({only_fresh_samples(_URGENT_RECENTLY)}[4w:6h])\n"
            f"  and {_by_platform_and_clock('safeclock_urgent_overdue_reports', ' offset 2w')} >= 0\n"
            f"  unless on (clock) {_REVIEWED_CLOCKS}"
        ),
        summary="{{ $labels.platform }} has {{ $value | humanize }} urgent reports that are overdue under {{ $labels.clock }}",
        for_="1d",
        keep_firing_for="1d",
        notified_within="25h",
        starting_when="the number of urgent reports that are overdue begins to rise",
        means=f"urgent reports are overdue under a clock that no lawyer reviewed: at least {MIN_URGENT_OVERDUE} for a whole "
        f"day, and {URGENT_FACTOR} times as many as in the platform's own last four weeks. Platforms that were measured for "
        "less than two weeks are left out, since they have no past to compare with.",
        check=_OVERDUE_CHECK,
        do=("Look at the platform's open reports; have the clock reviewed if it is important.",),
        not_meant="a missed legal deadline: no lawyer has confirmed that the clock states a law correctly.",
    ),
    _analyst_alert(
        name=OBJECTIVE_ALERT_NAMES[2],
        severity=AlertSeverity.TICKET,
        expr=_MISSED,
        summary="{{ $labels.platform }} misses the objective of {{ $labels.clock }} in the current period",
        for_="1h",
        keep_firing_for="1d",
        notified_within="75m",
        starting_when="so many reports of the period have missed the limit that the others cannot compensate",
        means="the reports that were filed in the period so far miss the objective of a clock (for a mean, a share or a "
        f"quantile), with any outcome of open reports; at least {MIN_OBJECTIVE_REPORTS} reports were filed.",
        check=(
            (
                "*Objectives met: current period*. Then the value in `safeclock_objective_ratio` or "
                "`safeclock_objective_seconds`, the number of reports in `safeclock_objective_reports`, and whether the value "
                "is a lower bound in `safeclock_objective_lower_bound`."
            ),
            "*Acted on within 24 h, by week of filing*: is one week bad, or are all weeks bad?",
        ),
        do=("Ask the platform for the cause; name the value, the period and the definition of the clock.",),
        not_meant="a final result: reports that are filed later in the period count, too. It is no finding about a law.",
    ),
    _analyst_alert(
        name=OBJECTIVE_ALERT_NAMES[3],
        severity=AlertSeverity.TICKET,
        expr=_AT_RISK,
        summary="at its current rate {{ $labels.platform }} misses the objective of {{ $labels.clock }} within seven days",
        for_="6h",
        keep_firing_for="1d",
        notified_within="100h",
        starting_when="misses become more frequent than the filings of the period allow",
        means="at the rate of the last seven days, the platform uses up the misses that the objective still allows in the "
        f"current period within seven days; at least {MIN_TREND_REPORTS} reports were filed in the period. The rate is known "
        "after three days of measurement, and in a calendar month or quarter after its first seven days.",
        check=("*Misses left*, and whether the platform was closed or overloaded in these days.",),
        do=("Inform the platform how many misses are left.",),
        not_meant="that the objective is missed: it is still met.",
    ),
    _analyst_alert(
        name="SafeclockIntegrityCheckFailed",
        severity=AlertSeverity.DIGEST,
        expr=_FAILED_CHECKS,
        summary="the figures of {{ $labels.platform }} fail the check {{ $labels.check }}",
        for_="6h",
        keep_firing_for="1d",
        notified_within="7h",
        starting_when="the ratio of an integrity check is above 1 on the last 28 filing days",
        means="the platform's events show a pattern that makes figures look better than the work. "
        "[integrity-checks.md](integrity-checks.md) describes each check, and how an honest platform can fail it.",
        check=("[integrity-checks.md](integrity-checks.md) for the pattern, then the cohorts of those weeks.",),
        do=("Ask the platform for the cause of the pattern before you say anything in public.",),
        not_meant="proof: it is a reason to ask.",
    ),
)
