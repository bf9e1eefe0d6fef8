"""Alerts on platforms that are silent, have a backlog, or file fewer reports: tickets for analyst and platform.

Each alert compares a platform with its own past, never with another platform. No alert here may be a page, and an
alert on a clock that no lawyer reviewed is at most a ticket.
"""

from functools import partial
from typing import Final

from dashboards.promql import select
from dashboards.rules.alert import Alert, AlertSeverity, Audience, Inhibition, last_value, only_when_fresh
from dashboards.rules.alerts.burn_rate import BURN_RATE_ALERT_NAMES
from dashboards.rules.alerts.objectives import OBJECTIVE_ALERT_NAMES as CLOCKS
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
"""A growing cohort is compared many times; docs/adr/0008 counts the false alarms of smaller cohorts."""

MIN_SHARE_FALL: Final = 0.05
"""Smaller falls raise no alert, even if they are certain: the interval of a large platform is narrow."""

_AS_OF: Final = select("safeclock_as_of_timestamp_seconds")
_COMPLETE_THROUGH: Final = f"max by (platform) ({select('safeclock_complete_through_timestamp_seconds')})"
_CADENCE: Final = f"max by (platform) ({select('safeclock_cadence_seconds')})"
# Compared with the figures' time, not with the wall clock: no platform becomes silent while the pipeline is stopped.
_SILENT: Final = only_when_fresh(
    f"  scalar(max({_AS_OF})) - {_COMPLETE_THROUGH}\n  > on (platform) {SILENT_CADENCES} * {_CADENCE}"
)
# The last value is used, so that a restart of a board does not reset the two days.
_NEVER_COMPLETE: Final = only_when_fresh(
    f"  max by (platform) ({last_value('safeclock_cadence_seconds')})"
    f" unless on (platform) max by (platform) ({last_value('safeclock_complete_through_timestamp_seconds')})"
)
_BACKLOG: Final = only_when_fresh(
    f"  {OPEN_ALL_DAY} > {BACKLOG_FACTOR} * {baseline(OPEN_REPORTS)}\n  and {OPEN_ALL_DAY} >= {MIN_OPEN_REPORTS}"
)
_VOLUME_DROPPED: Final = only_when_fresh(
    f"  {daily_increase(FILED)} / ({baseline(FILED)} >= {MIN_DAILY_FILINGS}) < {VOLUME_DROP_RATIO}"
    # `increase` misses filings from before the first scrape, so the first hours of the day must have samples.
    # The platform must still have samples, too: a platform that is no longer exported has not dropped.
    f"\n  and count_over_time({platform_series(FILED)}[6h] offset 18h)\n  and {platform_series(FILED)}"
)

_RECENT_COHORTS: Final = "~week-00|week-01"
_ENOUGH_FILED: Final = (
    f"max by (platform, cohort) ({last_value('safeclock_cohort_filed_reports')}) >= {MIN_RECENT_COHORT_REPORTS}"
)


def _share_fall(bound_before: str, bound_now: str) -> str:
    """Return by how much the share of new cohorts is below the share of older cohorts."""
    return f"{older_cohorts_share(bound_before)} - on (platform, clock) group_right () {share_within_24h(_RECENT_COHORTS, bound_now)}"


_SLOWER: Final = only_when_fresh(
    "  max by (platform, clock) (\n"
    f"    ({_share_fall('estimate', 'estimate')}) >= {MIN_SHARE_FALL}\n"
    f"    and ({_share_fall('low', 'high')}) > 0\n"
    f"    and on (platform, cohort) {_ENOUGH_FILED}\n"
    "  )"
)
_PLATFORM_ALERTS: Final = ("SafeclockBacklogGrowing", "SafeclockVolumeDropped", "SafeclockSlowerThanBefore")
_SILENCE_INHIBITION: Final = Inhibition(
    targets=(*BURN_RATE_ALERT_NAMES, *CLOCKS, *_PLATFORM_ALERTS), equal=("platform",)
)


_analyst_ticket = partial(Alert, audience=Audience.ANALYST, severity=AlertSeverity.TICKET)

ALERTS: Final = (
    _analyst_ticket(
        name="SafeclockPlatformSilent",
        expr=_SILENT,
        summary="{{ $labels.platform }} "
        f"is complete only up to {{{{ $value | humanizeDuration }}}} ago, more than {SILENT_CADENCES} "
        "of its cadences",
        for_="5m",
        keep_firing_for="1h",
        notified_within="15m",
        starting_when="three cadences have passed without a heartbeat",
        means="the platform's declared watermark is more than three of its registered cadences old. The platform's figures "
        "stop at this watermark, or two cadences before its latest event if that is later. Its deadlines are decided two "
        "cadences late.",
        check=(
            (
                "`safeclock_last_event_timestamp_seconds` and `safeclock_heartbeats_total`: events without heartbeats mean "
                "that the heartbeat job stopped; neither events nor heartbeats mean that the publisher stopped; heartbeats "
                "with an old watermark mean that the platform's outbox is not emptied."
            ),
            "*Events refused* for the platform.",
            "The registered cadence: a platform that publishes nightly must be registered as nightly.",
        ),
        do=("Inform the platform's engineer. Late events are counted when they arrive.",),
        not_meant="that the platform is slow: the speed, backlog and volume of a silent platform are not known.",
        inhibits=(_SILENCE_INHIBITION,),
    ),
    _analyst_ticket(
        name="SafeclockPlatformNeverComplete",
        expr=_NEVER_COMPLETE,
        summary="{{ $labels.platform }} is registered and has never declared a watermark",
        for_="2d",
        notified_within="49h",
        starting_when="a platform is registered",
        means="a platform has been in the registry for two days and has never declared a watermark on all partitions.",
        check=(
            "Whether the platform's principal may write to its topics.",
            "Whether its first events are refused.",
            "Whether it sends heartbeats to every partition of both topics.",
        ),
        do=("Inform the platform's engineer, or remove the platform from the registry until it is to be measured.",),
        not_meant="a fault of the pipeline, if events of other platforms arrive.",
        inhibits=(_SILENCE_INHIBITION,),
    ),
    _analyst_ticket(
        name=_PLATFORM_ALERTS[0],
        expr=_BACKLOG,
        summary="{{ $labels.platform }} has had at least {{ $value | humanize }} open reports for twelve hours, more than "
        f"{BACKLOG_FACTOR} times its usual number",
        for_="15m",
        keep_firing_for="1d",
        notified_within="14h",
        starting_when="the number of open reports rises above twice its usual value",
        means=f"for twelve hours the platform always had more open reports than {BACKLOG_FACTOR} times the median of its own "
        f"last four weeks, and at least {MIN_OPEN_REPORTS}. Platforms that were measured for less than two weeks are left "
        "out, since they have no past to compare with.",
        check=(
            f"`{daily_increase(FILED)}`: many new reports explain a backlog, and do not mean that the platform is slower.",
            "*Oldest open report*: if its age grows every day, nobody works on it.",
            "*Events refused*: if actions are refused, their reports stay open.",
        ),
        do=("Ask the platform for the cause before it misses deadlines.",),
        not_meant="missed deadlines: SafeclockSlowResponse reports those.",
    ),
    _analyst_ticket(
        name=_PLATFORM_ALERTS[1],
        expr=_VOLUME_DROPPED,
        summary="{{ $labels.platform }} filed {{ $value | humanizePercentage }} of its usual number for this day of the week",
        for_="6h",
        keep_firing_for="1d",
        notified_within="20h",
        starting_when="filings stop while heartbeats continue",
        means=f"for six hours the number of reports filed in the last day was below {100 * VOLUME_DROP_RATIO:g} % of the "
        "platform's median for this day of the week over the last four weeks. Days with a median of fewer than "
        f"{MIN_DAILY_FILINGS} reports are left out.",
        check=(
            f"`{daily_increase(FILED)}` beside `{baseline(FILED)}`: the actual number and the usual number.",
            "*Events refused*: filings may be refused since a release of the platform.",
            "One partition or all: a publisher may have lost a part of its stream.",
            "The calendar: a holiday on a weekday has the same effect.",
        ),
        do=("Ask the platform whether it changed how it receives or publishes reports.",),
        not_meant="that the platform is silent: its heartbeats say that it has published everything.",
    ),
    _analyst_ticket(
        name=_PLATFORM_ALERTS[2],
        expr=_SLOWER,
        summary="{{ $labels.platform }} stops {{ $labels.clock }} within 24 h on a smaller share of its newer reports "
        "than before: the share fell by {{ $value | humanizePercentage }} points",
        for_="1d",
        keep_firing_for="1d",
        notified_within="25h",
        starting_when="the interval of a new cohort falls below the intervals of older cohorts",
        means="the share of reports whose clock stopped within 24 hours is smaller for reports filed this week or last week "
        "than for those filed five to twelve weeks ago: the upper end of the new cohort's 95 % interval is below the median "
        f"of the older cohorts' lower ends, and the share fell by at least {100 * MIN_SHARE_FALL:g} points. New cohorts of "
        f"fewer than {MIN_RECENT_COHORT_REPORTS} reports and older cohorts of fewer than {MIN_COHORT_REPORTS} are left out.",
        check=(
            "Whether the mix of filings changed: harm, channel, reporter.",
            (
                "*Acted on within 24 h, by week of filing* beside *Decided within 24 h, by week of filing*, and *Reports "
                "by state*: are the reports open, or did they end otherwise?"
            ),
        ),
        do=("Ask the platform what changed in those weeks; name both shares and their intervals.",),
        not_meant="that the platform is slow: a platform that was very fast may still be fast.",
        severity=AlertSeverity.DIGEST,
    ),
)
