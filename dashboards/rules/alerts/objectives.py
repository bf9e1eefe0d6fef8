"""What is asked by rules: urgent reports left lying, objectives missed or soon to be, and tripwires.

Nothing here pages. A report that is overdue under a clock whose reading somebody answers for is a ticket; under one
that nobody has reviewed it is a line of the digest.
"""

from functools import partial
from typing import Final

from dashboards.promql import select
from dashboards.rules.alert import Alert, Audience, Severity, fresh, held, while_fresh

LEAST_JUDGED: Final = 50
"""Objectives over fewer reports are told to nobody: one slow night would miss them."""
LEAST_AHEAD: Final = 200
"""To look ahead takes more: a few misses in a row bend the line of a small platform."""
AHEAD: Final = "7d"
LEAST_HOURS: Final = 72
"""A line through fewer hours says nothing of the days ahead."""
BEGAN_ANEW: Final = 0.5
"""A calendar period with fewer reports than this share of the most within `AHEAD` has begun anew: no month's first week
has half of a month, and retractions take away less.
"""
LEAST_URGENT: Final = 10
URGENT_FACTOR: Final = 3
"""An unreviewed clock is told of when so many are overdue, and so many times what is usual for the platform."""


def _each(name: str, then: str = "", **labels: str) -> str:
    """Return a gauge once per platform and clock, whichever board is there."""
    return f"max by (platform, clock) ({held(name, then, **labels)})"


def _clocks(**labels: str) -> str:
    """Return the clocks of which the labels are told."""
    return f"max by (clock) ({held('safeclock_clock_info', **labels)})"


_URGENT: Final = f"max by (platform, clock) ({select('safeclock_urgent_overdue_reports')})"
_PILED: Final = _each("safeclock_urgent_overdue_reports")
_OF_PERIOD: Final = _each("safeclock_objective_reports", period="current")
_JUDGED: Final = f"{_OF_PERIOD} >= {LEAST_JUDGED}"
_REVIEWED: Final = _clocks(reviewed="yes")
_OF_MANY: Final = _clocks(statistic="~mean|share|quantile")
# A board of an earlier version does not say: its periods may be those of the calendar.
_CALENDAR: Final = _clocks(calendar="!no")
_MET: Final = _each("safeclock_objective_met", period="current")
_LEFT: Final = _each("safeclock_objective_budget_reports")
_LINE: Final = f"{while_fresh(_LEFT)}[{AHEAD}:1h]"
_MOST: Final = f"max_over_time({while_fresh(_OF_PERIOD)}[{AHEAD}:1h])"
_MISSED: Final = fresh(f"  {_MET} == 0\n  and {_JUDGED}\n  and on (clock) {_OF_MANY}")
_SOON: Final = fresh(
    f"  predict_linear({_LINE}, {7 * 86_400}) < 0\n  and count_over_time({_LINE}) >= {LEAST_HOURS}"
    f"\n  and {_LEFT} >= 0"
    f"\n  and {_OF_PERIOD} >= {LEAST_AHEAD}"
    f"\n  and on (clock) {_OF_MANY}"
    # In a calendar period that began within the window the line starts anew. A rolling one never begins anew: it
    # has fewer reports than before whenever fewer are filed.
    f"\n  unless (({_OF_PERIOD} < {BEGAN_ANEW} * {_MOST}) and on (clock) {_CALENDAR})"
)
_TRIPPED: Final = fresh(f"  max by (platform, tripwire) ({held('safeclock_tripwire_tripped')}) == 1")

NAMES: Final = (
    "SafeclockUrgentOverdue",
    "SafeclockUrgentOverdueUnreviewed",
    "SafeclockObjectiveMissed",
    "SafeclockObjectiveAtRisk",
)

_told = partial(Alert, audience=Audience.ANALYST)

_OVERDUE: Final = (
    (
        "No metric says which reports: `deadline-missed` on `report-notices` has their tokens, for whoever may read that "
        "topic ([notices.md](notices.md))."
    ),
    "*Silence* and *Events refused*: an action that was never accepted leaves its report overdue.",
)

ALERTS: Final = (
    _told(
        name=NAMES[0],
        severity=Severity.TICKET,
        expr=fresh(f"  {_URGENT} > 0\n  and on (clock) {_REVIEWED}"),
        summary="{{ $labels.platform }} has left {{ $value | humanize }} urgent reports overdue under {{ $labels.clock }}",
        wait="5m",
        keep="1h",
        within="15m",
        since="an urgent report is overdue by more than one cadence of its platform",
        means="reports that are critical, or of unspecified severity, have run past the limit of a clock by more than "
        "one of the platform's cadences. Somebody answers for the reading of that clock. One report is enough.",
        check=_OVERDUE,
        do=("Tell the platform at once, with the clock and the number.",),
        mistaken="a finding of a breach, and not a page: the operator can do nothing about it.",
    ),
    _told(
        name=NAMES[1],
        severity=Severity.DIGEST,
        expr=fresh(
            f"  {_PILED} >= {LEAST_URGENT}\n"
            f"  and {_PILED} > {URGENT_FACTOR} * avg_over_time({while_fresh(_PILED)}[4w:6h])\n"
            f"  and {_each('safeclock_urgent_overdue_reports', ' offset 2w')} >= 0\n"
            f"  unless on (clock) {_REVIEWED}"
        ),
        summary="{{ $labels.platform }} has left {{ $value | humanize }} urgent reports overdue under {{ $labels.clock }}",
        wait="1d",
        keep="1d",
        within="25h",
        since="urgent reports begin to pile up overdue",
        means=f"the same under a clock whose reading nobody has reviewed, or that is a yardstick: at least {LEAST_URGENT} "
        f"reports for a whole day, and {URGENT_FACTOR} times as many as in the platform's own last four weeks. A platform "
        "that has been measured for less than two weeks has no past to be held against.",
        check=_OVERDUE,
        do=("Look at the platform's open reports; have the clock reviewed if it matters.",),
        mistaken="a missed legal deadline: nobody has said that the clock reads a law rightly.",
    ),
    _told(
        name=NAMES[2],
        severity=Severity.TICKET,
        expr=_MISSED,
        summary="{{ $labels.platform }} no longer keeps {{ $labels.clock }} in this period",
        wait="1h",
        keep="1d",
        within="75m",
        since="so many reports of the period have missed that the rest cannot make up for them",
        means="what a rule asks of the period's reports as a whole (a mean, a share, a quantile) is not kept by those "
        f"filed so far, whatever becomes of the open ones; at least {LEAST_JUDGED} were filed.",
        check=(
            (
                "*Rules kept: this period so far*, then the value in `safeclock_objective_ratio` or "
                "`safeclock_objective_seconds`, of how many reports in `safeclock_objective_reports`, and whether it is a "
                "lower bound in `safeclock_objective_lower_bound`."
            ),
            "*Acted on within 24 h, by week of filing*: is it one bad week, or all of them?",
        ),
        do=("Ask the platform, with the value, the period and the definition of the clock.",),
        mistaken="final: the period goes on, and reports that are filed later count as well. No finding about a law.",
    ),
    _told(
        name=NAMES[3],
        severity=Severity.TICKET,
        expr=_SOON,
        summary="at this pace {{ $labels.platform }} has no misses left under {{ $labels.clock }} within seven days",
        wait="6h",
        keep="1d",
        within="100h",
        since="misses begin to come faster than filings allow for",
        means="at the pace of the last seven days the misses that a rule still allows in this period will be used up "
        f"within seven days; at least {LEAST_AHEAD} reports were filed in the period. The pace is known when a platform "
        "has been looked at for three days, and in a calendar month or quarter after its first seven days.",
        check=("*Misses left*, and whether the platform was shut or overrun in these days.",),
        do=("Tell the platform how many misses are left.",),
        mistaken="a miss: the rule is still kept.",
    ),
    _told(
        name="SafeclockTripwire",
        severity=Severity.DIGEST,
        expr=_TRIPPED,
        summary="the figures of {{ $labels.platform }} trip {{ $labels.tripwire }}",
        wait="6h",
        keep="1d",
        within="7h",
        since="a tripwire's ratio is above 1 on the last 28 filing days",
        means="the platform's declarations show a pattern that makes figures better than deeds: each is told in "
        "[tripwires.md](tripwires.md), with what an honest platform can do to trip it.",
        check=("[tripwires.md](tripwires.md) for the pattern, then the cohorts of those weeks.",),
        do=("Ask the platform how the pattern comes about, before anything is said in public.",),
        mistaken="proof of anything: it is a reason to ask.",
    ),
)
