"""Platforms that fall silent, fall behind or fall off: a ticket to the analyst with a copy for the platform.

Each is held against the platform's own past, never against another platform. No alert here may page, and none may
rest on a clock that nobody reviewed more heavily than as a ticket.
"""

from functools import partial
from typing import Final

from dashboards.promql import select
from dashboards.rules.alert import Alert, AlertSeverity, Audience, Inhibition, last_value, only_when_fresh
from dashboards.rules.alerts.burn_rate import BURN_RATE_ALERTS
from dashboards.rules.alerts.objectives import OBJECTIVE_ALERTS as CLOCKS
from dashboards.rules.recording.rules import (
    FILED,
    MIN_COHORT_REPORTS,
    OPEN_ALL_DAY,
    OPEN_REPORTS,
    baseline,
    daily_increase,
    older_cohorts_share,
    platform_series,
    share_within_24h,
)

SILENT_CADENCES: Final = 3
BACKLOG_FACTOR: Final = 2
MIN_OPEN_REPORTS: Final = 50
VOLUME_DROP_RATIO: Final = 0.5
MIN_DAILY_FILINGS: Final = 50
MIN_RECENT_COHORT_REPORTS: Final = 50
"""A cohort that grows is looked at again and again: docs/adr/0008 counts the false alarms of smaller ones."""

MIN_SHARE_FALL: Final = 0.05
"""Shares that fell by less are of no interest however surely they fell: a large platform's interval is narrow."""

_AS_OF: Final = select("safeclock_as_of_timestamp_seconds")
_COMPLETE_THROUGH: Final = f"max by (platform) ({select('safeclock_complete_through_timestamp_seconds')})"
_CADENCE: Final = f"max by (platform) ({select('safeclock_cadence_seconds')})"
# Measured against the figures' own time, not the wall clock: while the pipeline stands still nobody grows silent.
_SILENT: Final = only_when_fresh(
    f"  scalar(max({_AS_OF})) - {_COMPLETE_THROUGH}\n  > on (platform) {SILENT_CADENCES} * {_CADENCE}"
)
# Who waits for two days is not to begin anew with every restart of a board.
_NEVER_COMPLETE: Final = only_when_fresh(
    f"  max by (platform) ({last_value('safeclock_cadence_seconds')})"
    f" unless on (platform) max by (platform) ({last_value('safeclock_complete_through_timestamp_seconds')})"
)
_BACKLOG: Final = only_when_fresh(
    f"  {OPEN_ALL_DAY} > {BACKLOG_FACTOR} * {baseline(OPEN_REPORTS)}\n  and {OPEN_ALL_DAY} >= {MIN_OPEN_REPORTS}"
)
_VOLUME_DROPPED: Final = only_when_fresh(
    f"  {daily_increase(FILED)} / ({baseline(FILED)} >= {MIN_DAILY_FILINGS}) < {VOLUME_DROP_RATIO}"
    # What was filed while nobody looked is in no increase: a day of which the first hours are not known is no day.
    # Nor has anybody dropped who is told of no more.
    f"\n  and count_over_time({platform_series(FILED)}[6h] offset 18h)\n  and {platform_series(FILED)}"
)

_RECENT_COHORTS: Final = "~week-00|week-01"
_ENOUGH_FILED: Final = (
    f"max by (platform, cohort) ({last_value('safeclock_cohort_filed_reports')}) >= {MIN_RECENT_COHORT_REPORTS}"
)


def _share_fall(bound_before: str, bound_now: str) -> str:
    """Return by how much the share of new cohorts lies below that of the older ones."""
    return f"{older_cohorts_share(bound_before)} - on (platform, clock) group_right () {share_within_24h(_RECENT_COHORTS, bound_now)}"


_SLOWER: Final = only_when_fresh(
    "  max by (platform, clock) (\n"
    f"    ({_share_fall('estimate', 'estimate')}) >= {MIN_SHARE_FALL}\n"
    f"    and ({_share_fall('low', 'high')}) > 0\n"
    f"    and on (platform, cohort) {_ENOUGH_FILED}\n"
    "  )"
)
_PLATFORM_ALERTS: Final = ("SafeclockBacklogGrowing", "SafeclockVolumeDropped", "SafeclockSlowerThanBefore")
_SILENCE_INHIBITION: Final = Inhibition(targets=(*BURN_RATE_ALERTS, *CLOCKS, *_PLATFORM_ALERTS), equal=("platform",))


_analyst_ticket = partial(Alert, audience=Audience.ANALYST, severity=AlertSeverity.TICKET)

ALERTS: Final = (
    _analyst_ticket(
        name="SafeclockPlatformSilent",
        expr=_SILENT,
        summary="{{ $labels.platform }} "
        f"says that it is complete up to {{{{ $value | humanizeDuration }}}} ago, more than {SILENT_CADENCES} "
        "of its cadences",
        for_="5m",
        keep_firing_for="1h",
        notified_within="15m",
        starting_when="the third cadence passes without a word",
        means="the instant up to which a platform says that it has published everything lies more than three of its own "
        "registered cadences back. Its figures stand still there, or two cadences before it last told anything where that is "
        "later; its deadlines are decided two cadences late.",
        check=(
            (
                "`safeclock_last_event_timestamp_seconds` and `safeclock_heartbeats_total`: events without heartbeats mean "
                "that its heartbeat job stopped, nothing at all that its publisher did; heartbeats that promise nothing new "
                "mean that its outbox is not emptied."
            ),
            "*Events refused* for the platform.",
            "The registered cadence: a nightly exporter must be registered as nightly.",
        ),
        do=("Tell the platform's engineer. Late events are counted when they come.",),
        not_meant="slowness: while a platform is silent, nothing is said of its speed, backlog or volume.",
        inhibits=(_SILENCE_INHIBITION,),
    ),
    _analyst_ticket(
        name="SafeclockPlatformNeverComplete",
        expr=_NEVER_COMPLETE,
        summary="{{ $labels.platform }} is registered and has never said that it was complete",
        for_="2d",
        notified_within="49h",
        starting_when="a platform is registered",
        means="a platform has stood in the registry for two days and has never said that it was complete.",
        check=(
            "Whether the platform's principal may write to its topics.",
            "Whether its first events are refused.",
            "Whether it sends heartbeats to every partition of both topics.",
        ),
        do=("Tell the platform's engineer, or take it out of the registry if it is not to be measured yet.",),
        not_meant="a fault of the pipeline when other platforms are heard.",
        inhibits=(_SILENCE_INHIBITION,),
    ),
    _analyst_ticket(
        name=_PLATFORM_ALERTS[0],
        expr=_BACKLOG,
        summary="{{ $labels.platform }} has had at least {{ $value | humanize }} open reports for twelve hours, more than "
        f"{BACKLOG_FACTOR} times what is usual for it",
        for_="15m",
        keep_firing_for="1d",
        notified_within="14h",
        starting_when="a platform's open reports begin to stand above twice their usual number",
        means=f"for twelve hours a platform has never had fewer open reports than {BACKLOG_FACTOR} times the median of "
        f"its own last four weeks, and never fewer than {MIN_OPEN_REPORTS}. A platform that has been measured for less than "
        "two weeks has no past to be held against.",
        check=(
            f"`{daily_increase(FILED)}`: a wave of reports explains a backlog, and says nothing of the platform's speed.",
            "*Oldest open report*: one that grows older every day is not being worked on.",
            "*Events refused*: actions that are not accepted leave their reports open.",
        ),
        do=("Ask the platform what it is waiting for, before its deadlines begin to be missed.",),
        not_meant="missed deadlines: those are SafeclockSlowResponse.",
    ),
    _analyst_ticket(
        name=_PLATFORM_ALERTS[1],
        expr=_VOLUME_DROPPED,
        summary="{{ $labels.platform }} filed {{ $value | humanizePercentage }} of what is usual for this day of the week",
        for_="6h",
        keep_firing_for="1d",
        notified_within="20h",
        starting_when="a platform's filings cease while its heartbeats go on",
        means=f"in the last day fewer than {100 * VOLUME_DROP_RATIO:g} % of the reports were filed that the same platform "
        "filed on this day of the week, in the median of the last four weeks, for six hours; days on which fewer than "
        f"{MIN_DAILY_FILINGS} are usual are not looked at.",
        check=(
            f"`{daily_increase(FILED)}` beside `{baseline(FILED)}`: how many there were, and how many are usual.",
            "*Events refused*: filings may be refused since a release of the platform.",
            "One partition or all: a publisher may have lost a part of its stream.",
            "The calendar: a holiday on a weekday looks like this.",
        ),
        do=("Ask the platform whether its way of taking reports changed, or the way in which it publishes them.",),
        not_meant="silence: the platform says that it has published everything.",
    ),
    _analyst_ticket(
        name=_PLATFORM_ALERTS[2],
        expr=_SLOWER,
        summary="{{ $labels.platform }} stops {{ $labels.clock }} within 24 h on a smaller share of its newer reports "
        "than before: the share fell by {{ $value | humanizePercentage }} points",
        for_="1d",
        keep_firing_for="1d",
        notified_within="25h",
        starting_when="the intervals of a new cohort and of the older ones part",
        means="of the reports filed this week or last, a smaller share had their clock stopped within 24 hours than "
        "of those filed five to twelve weeks ago: the upper end of the 95 % interval of the new cohort lies below the "
        f"median of the lower ends of the older ones, and the share fell by {100 * MIN_SHARE_FALL:g} points at least. New "
        f"cohorts of fewer than {MIN_RECENT_COHORT_REPORTS} reports are left out, and older ones of fewer than {MIN_COHORT_REPORTS}.",
        check=(
            "Whether what is filed changed: harm, channel, reporter.",
            (
                "*Acted on within 24 h, by week of filing* beside *Decided within 24 h, by week of filing*, and in *Reports "
                "by state* whether they are open or ended otherwise."
            ),
        ),
        do=("Ask the platform what changed in those weeks, with both figures and their intervals.",),
        not_meant="slow: a platform that was very fast may still be fast.",
        severity=AlertSeverity.DIGEST,
    ),
)
