"""What is asked by rules: urgent reports left lying, objectives missed or soon to be, and integrity checks.

Nothing here pages. A report that is overdue under a clock whose reading somebody answers for is a ticket; under one
that nobody has reviewed it is a line of the digest.
"""

from functools import partial
from typing import Final

from dashboards.promql import select
from dashboards.rules.alert import Alert, AlertSeverity, Audience, last_value, only_fresh_samples, only_when_fresh

MIN_OBJECTIVE_REPORTS: Final = 50
"""Objectives over fewer reports are told to nobody: one slow night would miss them."""
MIN_TREND_REPORTS: Final = 200
"""To look ahead takes more: a few misses in a row bend the line of a small platform."""
TREND_WINDOW: Final = "7d"
MIN_TREND_HOURS: Final = 72
"""A line through fewer hours says nothing of the days ahead."""
NEW_PERIOD_SHARE: Final = 0.5
"""A calendar period with fewer reports than this share of the most within `AHEAD` has begun anew: no month's first week
has half of a month, and retractions take away less.
"""
MIN_URGENT_OVERDUE: Final = 10
URGENT_FACTOR: Final = 3
"""An unreviewed clock is told of when so many are overdue, and so many times what is usual for the platform."""


def _by_platform_and_clock(name: str, modifier: str = "", **labels: str) -> str:
    """Return a gauge once per platform and clock, whichever board is there."""
    return f"max by (platform, clock) ({last_value(name, modifier, **labels)})"


def _clocks_with(**labels: str) -> str:
    """Return the clocks of which the labels are told."""
    return f"max by (clock) ({last_value('safeclock_clock_info', **labels)})"


_URGENT: Final = f"max by (platform, clock) ({select('safeclock_urgent_overdue_reports')})"
_URGENT_RECENTLY: Final = _by_platform_and_clock("safeclock_urgent_overdue_reports")
_PERIOD_REPORTS: Final = _by_platform_and_clock("safeclock_objective_reports", period="current")
_HAS_ENOUGH_REPORTS: Final = f"{_PERIOD_REPORTS} >= {MIN_OBJECTIVE_REPORTS}"
_REVIEWED_CLOCKS: Final = _clocks_with(reviewed="yes")
_AGGREGATE_CLOCKS: Final = _clocks_with(statistic="~mean|share|quantile")
# A board of an earlier version does not say: its periods may be those of the calendar.
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
    # In a calendar period that began within the window the line starts anew. A rolling one never begins anew: it
    # has fewer reports than before whenever fewer are filed.
    f"\n  unless (({_PERIOD_REPORTS} < {NEW_PERIOD_SHARE} * {_MAX_PERIOD_REPORTS}) and on (clock) {_CALENDAR_CLOCKS})"
)
_FAILED_CHECKS: Final = only_when_fresh(
    f"  max by (platform, check) ({last_value('safeclock_integrity_check_failed')}) == 1"
)

OBJECTIVE_ALERTS: Final = (
    "SafeclockUrgentOverdue",
    "SafeclockUrgentOverdueUnreviewed",
    "SafeclockObjectiveMissed",
    "SafeclockObjectiveAtRisk",
)

_analyst_alert = partial(Alert, audience=Audience.ANALYST)

_OVERDUE_CHECK: Final = (
    (
        "No metric says which reports: `deadline-missed` on `report-updates` has their tokens, for whoever may read that "
        "topic ([report-updates.md](report-updates.md))."
    ),
    "*Watermark age in cadences* and *Events refused*: an action that was never accepted leaves its report overdue.",
)

ALERTS: Final = (
    _analyst_alert(
        name=OBJECTIVE_ALERTS[0],
        severity=AlertSeverity.TICKET,
        expr=only_when_fresh(f"  {_URGENT} > 0\n  and on (clock) {_REVIEWED_CLOCKS}"),
        summary="{{ $labels.platform }} has left {{ $value | humanize }} urgent reports overdue under {{ $labels.clock }}",
        for_="5m",
        keep_firing_for="1h",
        notified_within="15m",
        starting_when="an urgent report is overdue by more than one cadence of its platform",
        means="reports that are critical, or of unspecified severity, have run past the limit of a clock by more than "
        "one of the platform's cadences. Somebody answers for the reading of that clock. One report is enough.",
        check=_OVERDUE_CHECK,
        do=("Tell the platform at once, with the clock and the number.",),
        not_meant="a finding of a breach, and not a page: the operator can do nothing about it.",
    ),
    _analyst_alert(
        name=OBJECTIVE_ALERTS[1],
        severity=AlertSeverity.DIGEST,
        expr=only_when_fresh(
            f"  {_URGENT_RECENTLY} >= {MIN_URGENT_OVERDUE}\n"
            f"  and {_URGENT_RECENTLY} > {URGENT_FACTOR} * avg_over_time({only_fresh_samples(_URGENT_RECENTLY)}[4w:6h])\n"
            f"  and {_by_platform_and_clock('safeclock_urgent_overdue_reports', ' offset 2w')} >= 0\n"
            f"  unless on (clock) {_REVIEWED_CLOCKS}"
        ),
        summary="{{ $labels.platform }} has left {{ $value | humanize }} urgent reports overdue under {{ $labels.clock }}",
        for_="1d",
        keep_firing_for="1d",
        notified_within="25h",
        starting_when="urgent reports begin to pile up overdue",
        means=f"the same under a clock whose reading nobody has reviewed, or that is a yardstick: at least {MIN_URGENT_OVERDUE} "
        f"reports for a whole day, and {URGENT_FACTOR} times as many as in the platform's own last four weeks. A platform "
        "that has been measured for less than two weeks has no past to be held against.",
        check=_OVERDUE_CHECK,
        do=("Look at the platform's open reports; have the clock reviewed if it matters.",),
        not_meant="a missed legal deadline: nobody has said that the clock reads a law rightly.",
    ),
    _analyst_alert(
        name=OBJECTIVE_ALERTS[2],
        severity=AlertSeverity.TICKET,
        expr=_MISSED,
        summary="{{ $labels.platform }} no longer keeps {{ $labels.clock }} in this period",
        for_="1h",
        keep_firing_for="1d",
        notified_within="75m",
        starting_when="so many reports of the period have missed that the rest cannot make up for them",
        means="what a rule asks of the period's reports as a whole (a mean, a share, a quantile) is not kept by those "
        f"filed so far, whatever becomes of the open ones; at least {MIN_OBJECTIVE_REPORTS} were filed.",
        check=(
            (
                "*Objectives met: current period*, then the value in `safeclock_objective_ratio` or "
                "`safeclock_objective_seconds`, of how many reports in `safeclock_objective_reports`, and whether it is a "
                "lower bound in `safeclock_objective_lower_bound`."
            ),
            "*Acted on within 24 h, by week of filing*: is it one bad week, or all of them?",
        ),
        do=("Ask the platform, with the value, the period and the definition of the clock.",),
        not_meant="final: the period goes on, and reports that are filed later count as well. No finding about a law.",
    ),
    _analyst_alert(
        name=OBJECTIVE_ALERTS[3],
        severity=AlertSeverity.TICKET,
        expr=_AT_RISK,
        summary="at this pace {{ $labels.platform }} has no misses left under {{ $labels.clock }} within seven days",
        for_="6h",
        keep_firing_for="1d",
        notified_within="100h",
        starting_when="misses begin to come faster than filings allow for",
        means="at the pace of the last seven days the misses that a rule still allows in this period will be used up "
        f"within seven days; at least {MIN_TREND_REPORTS} reports were filed in the period. The pace is known when a platform "
        "has been looked at for three days, and in a calendar month or quarter after its first seven days.",
        check=("*Misses left*, and whether the platform was shut or overrun in these days.",),
        do=("Tell the platform how many misses are left.",),
        not_meant="a miss: the rule is still kept.",
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
        means="the platform's declarations show a pattern that makes figures better than deeds: each is told in "
        "[integrity-checks.md](integrity-checks.md), with what an honest platform can do to trip it.",
        check=("[integrity-checks.md](integrity-checks.md) for the pattern, then the cohorts of those weeks.",),
        do=("Ask the platform how the pattern comes about, before anything is said in public.",),
        not_meant="proof of anything: it is a reason to ask.",
    ),
)
