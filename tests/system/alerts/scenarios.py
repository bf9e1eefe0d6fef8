"""The scenarios of every alert: a history in which it fires, and others in which one of its guards suppresses it.

Series are in promtool's notation; `N` stands for as many steps as the history is long.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

Series = dict[str, str]


class AlertScenario(NamedTuple):
    """A history of series; `fires` are the labels of who is told of, from `begins` on something is wrong.

    Of a tale in which nothing fires, `begins` is from when on nobody may be told; it lasts until `ends`.
    """

    series: Series
    fires_after: str = "0m"
    resolves_after: str = ""
    fires: Mapping[str, str] = {}
    step: str = "1m"
    reason: str = ""


class AlertScenarios(NamedTuple):
    """Both kinds of tales of one alert.

    `shown` is how long a fault that goes on has to be seen before it is what the alert's promise counts from.
    """

    firing: AlertScenario
    not_firing: tuple[AlertScenario, ...]
    visible_after: str = "0m"


HARBOR_LABEL: Final = 'platform="harbor"'
_HARBOR: Final = {"platform": "harbor"}
_CLOCK: Final = 'safeclock_worker_clock_ahead_seconds{instance="w1",partition="0"}'
_VERDICT: Final = (
    'safeclock_verdict_info{declaration="2027-h1",harm="",platform="harbor",standing="declared",verdict="slower"}'
)
_DECIDED: Final = _HARBOR | {"declaration": "2027-h1", "verdict": "slower"}
_FRESH: Final = {"safeclock_as_of_timestamp_seconds": "0+60xN"}
_FRESH_5M: Final = {"safeclock_as_of_timestamp_seconds": "0+300xN"}
_LIVE: Final = f'{HARBOR_LABEL},clock="time_to_action",timing="live"'
_SLOW: Final = _HARBOR | {"clock": "time_to_action"}


def _deadlines(reached: str, missed: str) -> Series:
    nothing = {f'safeclock_deadline_corrected_total{{{_LIVE},counted="{of}"}}': "0xN" for of in ("reached", "missed")}
    counted = {
        f"safeclock_deadline_{of}_total{{{_LIVE}}}": series for of, series in (("reached", reached), ("missed", missed))
    }
    return _FRESH_5M | nothing | counted


def _burn_rate_scenarios(begins: str, firing: str, least: str, allowed: str) -> AlertScenarios:
    """Tell of a platform with a deadline every five minutes; `least` too few of them, `allowed` too few misses."""
    return AlertScenarios(
        AlertScenario(_deadlines("0+1xN", firing), begins, fires=_SLOW, step="5m"),
        (
            AlertScenario(
                _deadlines(least, least), resolves_after="16d", step="5m", reason="too few deadlines for a rate"
            ),
            AlertScenario(
                _deadlines("0+1xN", allowed), resolves_after="16d", step="5m", reason="fewer misses than the threshold"
            ),
            AlertScenario(
                _deadlines("0+500x10 5001+1xN", "0+500x10 5000xN"),
                resolves_after="3d",
                step="5m",
                reason="years are counted soon after the first look",
            ),
        ),
    )


def _filings(filed: str, **more: str) -> Series:
    plain = {f"safeclock_{name}_total{{{HARBOR_LABEL}}}": series for name, series in more.items()}
    actions = {f'safeclock_actions_total{{{HARBOR_LABEL},outcome="restricted"}}': filed}
    return _FRESH_5M | {f"safeclock_reports_filed_total{{{HARBOR_LABEL}}}": filed} | actions | plain


def _anomaly_scenarios(name: str) -> AlertScenarios:
    """Tell of 5,760 events a day, a hundred of them odd."""
    return AlertScenarios(
        AlertScenario(_filings("0+10xN", **{name: "0x287 100xN"}), "1d", fires=_HARBOR, step="5m"),
        (
            AlertScenario(
                _filings("0+10xN", **{name: "0x287 50xN"}),
                resolves_after="3d",
                step="5m",
                reason="less than one in a hundred",
            ),
            AlertScenario(
                _filings("0+0.1xN", **{name: "0x287 19xN"}), resolves_after="3d", step="5m", reason="fewer than twenty"
            ),
        ),
    )


def _cohorts(estimate: str, high: str, filed: str) -> Series:
    at = f'{HARBOR_LABEL},clock="time_to_action",limit="24h"'
    older = {
        f'safeclock_cohort_within_ratio{{{at},cohort="week-{week:02}",bound="{bound}"}}': f"{share}xN"
        for week in range(5, 13)
        for bound, share in (("low", 0.85), ("estimate", 0.9), ("high", 0.95))
    }
    new = {
        f'safeclock_cohort_within_ratio{{{at},cohort="week-01",bound="{bound}"}}': series
        for bound, series in (("estimate", estimate), ("high", high))
    }
    sizes = {
        f'safeclock_cohort_filed_reports{{{HARBOR_LABEL},cohort="week-{week:02}"}}': "100xN" for week in range(5, 13)
    }
    return (
        _FRESH_5M | older | new | sizes | {f'safeclock_cohort_filed_reports{{{HARBOR_LABEL},cohort="week-01"}}': filed}
    )


def _refused(refused: str, filed: str = "0+10xN", reason: str = "bad_value") -> Series:
    return _filings(filed) | {f'safeclock_events_refused_total{{{HARBOR_LABEL},reason="{reason}"}}': refused}


def _all_up(**targets: str) -> Series:
    return {f'up{{job="{name.partition("_")[0]}",instance="{name}"}}': series for name, series in targets.items()}


def _clock_info(statistic: str = "each", reviewed: str = "no") -> Series:
    said = f'version="1",statistic="{statistic}",limit="86400",reviewed="{reviewed}",calendar="yes",pack="standard@1"'
    return {f'safeclock_clock_info{{clock="time_to_action",{said}}}': "1xN"}


def _overdue_series(overdue: str, reviewed: str, fresh: Series = _FRESH) -> Series:
    at = f'{HARBOR_LABEL},clock="time_to_action"'
    return fresh | _clock_info(reviewed=reviewed) | {f"safeclock_urgent_overdue_reports{{{at}}}": overdue}


def _objective(met: str = "1xN", left: str = "100xN", reports: str = "100xN", statistic: str = "share") -> Series:
    at = f'{HARBOR_LABEL},clock="time_to_action"'
    return (
        _FRESH_5M
        | _clock_info(statistic)
        | {
            f'safeclock_objective_met{{{at},period="current"}}': met,
            f"safeclock_objective_budget_reports{{{at}}}": left,
            f'safeclock_objective_reports{{{at},period="current"}}': reports,
        }
    )


def _integrity_check_series(tripped: str) -> Series:
    return _FRESH_5M | {f'safeclock_integrity_check_failed{{{HARBOR_LABEL},check="channel_shift"}}': tripped}


def _lag(lag: str) -> Series:
    return {'safeclock_worker_lag_records{instance="w1",partition="0"}': lag}


def _partitions(one: str, other: str) -> Series:
    ready = {f'safeclock_partition_ready{{partition="{number}"}}': series for number, series in enumerate((one, other))}
    return {"safeclock_partitions_expected": "2xN"} | ready


def _commits(**workers: str) -> Series:
    return {
        f'safeclock_worker_commits_total{{instance="{name}",partition="0"}}': series for name, series in workers.items()
    }


def _weekdays(weeks: int) -> str:
    """Return a counter that grows by one in five minutes from the first to the fifth day of a week."""
    return " ".join(f"{week * 1440}+1x1439 {(week + 1) * 1440}x575" for week in range(weeks))


_LAG_ELSEWHERE: Final = 'safeclock_worker_lag_records{instance="w2",partition="0"}'
_UNCOMMITTABLE: Final = 'safeclock_worker_uncommittable_platforms{instance="w1",partition="0"}'
_CAPACITY: Final = f"safeclock_capacity_used_ratio{{{HARBOR_LABEL}}}"
_WAITING: Final = f"safeclock_orphans_waiting{{{HARBOR_LABEL}}}"
_OPEN: Final = f"safeclock_open_reports{{{HARBOR_LABEL}}}"
_CADENCE: Final = f"safeclock_cadence_seconds{{{HARBOR_LABEL}}}"
_COMPLETE: Final = f"safeclock_complete_through_timestamp_seconds{{{HARBOR_LABEL}}}"
_LOST: Final = 'safeclock_source_records_lost_total{instance="w1",partition="0"}'
_SUSPENDED: Final = f'safeclock_worker_suspended_partitions{{instance="w1",{HARBOR_LABEL}}}'
_LOST_AS_REPORTED: Final = 'safeclock_partition_records_lost_total{partition="0"}'
_FEEDBACK: Final = f'safeclock_worker_feedback_failing{{instance="w1",{HARBOR_LABEL}}}'
_FAILED: Final = 'prometheus_rule_evaluation_failures_total{rule_group="safeclock.yml;safeclock-alerts"}'
_UNSENT: Final = 'alertmanager_notification_requests_failed_total{integration="webhook"}'

SCENARIOS: Final[Mapping[str, AlertScenarios]] = {
    "SafeclockSlowResponseFast": _burn_rate_scenarios("1d", "0x287 0+1xN", "0+0.06xN", "0+0.55xN"),
    "SafeclockSlowResponse": _burn_rate_scenarios("3d", "0x863 0+0.5xN", "0+0.033xN", "0+0.29xN"),
    "SafeclockSlowResponseSustained": _burn_rate_scenarios("14d", "0x4031 0+0.5xN", "0+0.049xN", "0+0.14xN"),
    "SafeclockUrgentOverdue": AlertScenarios(
        AlertScenario(_overdue_series("0x30 2xN", reviewed="yes"), "31m", fires=_SLOW),
        (
            AlertScenario(
                _overdue_series("2xN", reviewed="no"), resolves_after="2h", reason="nobody has reviewed the clock"
            ),
            AlertScenario(_overdue_series("0xN", reviewed="yes"), resolves_after="2h", reason="nothing is overdue"),
        ),
    ),
    "SafeclockUrgentOverdueUnreviewed": AlertScenarios(
        AlertScenario(_overdue_series("1x4031 30xN", reviewed="no", fresh=_FRESH_5M), "14d", fires=_SLOW, step="5m"),
        (
            AlertScenario(
                _overdue_series("1x4031 30xN", reviewed="yes", fresh=_FRESH_5M),
                resolves_after="17d",
                step="5m",
                reason="that is a ticket",
            ),
            AlertScenario(
                _overdue_series("1x287 9x200 0x10 30x200 1xN", reviewed="no", fresh=_FRESH_5M),
                resolves_after="30h",
                step="5m",
                reason="they were acted on",
            ),
        ),
    ),
    "SafeclockObjectiveMissed": AlertScenarios(
        AlertScenario(_objective(met="1x11 0xN"), "1h", fires=_SLOW, step="5m"),
        (
            AlertScenario(_objective(met="0xN", reports="49xN"), resolves_after="1d", step="5m", reason="few reports"),
            AlertScenario(
                _objective(met="0xN", statistic="each"),
                resolves_after="1d",
                step="5m",
                reason="each report is told by itself",
            ),
            AlertScenario(_objective(met="_xN"), resolves_after="1d", step="5m", reason="it cannot be told yet"),
        ),
    ),
    "SafeclockObjectiveAtRisk": AlertScenarios(
        AlertScenario(_objective(left="6000x2015 6000-3xN", reports="1000xN"), "7d", fires=_SLOW, step="5m"),
        (
            AlertScenario(
                _objective(left="9000-1xN", reports="1000xN"), resolves_after="10d", step="5m", reason="enough are left"
            ),
            AlertScenario(
                _objective(left="9000x2015 3000-3xN", reports="1000x2015 300xN"),
                "7d",
                resolves_after="10d",
                step="5m",
                reason="a new period began",
            ),
            AlertScenario(
                {
                    name.replace('calendar="yes",', ""): values
                    for name, values in _objective(left="9000x2015 3000-3xN", reports="1000x2015 300xN").items()
                },
                "7d",
                resolves_after="10d",
                step="5m",
                reason="a new period began, by a board that does not say of which kind it is",
            ),
            AlertScenario(
                _objective(left="-5-3xN", reports="1000xN"), resolves_after="4d", step="5m", reason="none is left"
            ),
            AlertScenario(
                _objective(left="500-3xN", reports="199xN"), resolves_after="12h", step="5m", reason="few reports"
            ),
        ),
    ),
    "SafeclockIntegrityCheckFailed": AlertScenarios(
        AlertScenario(_integrity_check_series("0x11 1xN"), "1h", fires=_HARBOR | {"check": "channel_shift"}, step="5m"),
        (
            AlertScenario(_integrity_check_series("0xN"), resolves_after="1d", step="5m", reason="it is not tripped"),
            AlertScenario(
                _integrity_check_series("1x40 0x10 1x40"),
                resolves_after="10h",
                step="5m",
                reason="it was for hours only",
            ),
        ),
    ),
    "SafeclockPlatformSilent": AlertScenarios(
        AlertScenario(_FRESH | {_CADENCE: "300xN", _COMPLETE: "0+60x30 1800xN"}, "45m", fires=_HARBOR),
        (
            AlertScenario(
                _FRESH | {_CADENCE: "86400xN", _COMPLETE: "0xN"},
                resolves_after="2d",
                reason="it is registered as nightly",
            ),
            AlertScenario(
                {"safeclock_as_of_timestamp_seconds": "0+60x30 1800xN", _CADENCE: "300xN", _COMPLETE: "0+60x30 1800xN"},
                resolves_after="2h",
                reason="the pipeline stands still",
            ),
        ),
    ),
    "SafeclockPlatformNeverComplete": AlertScenarios(
        AlertScenario(_FRESH_5M | {_CADENCE: "300xN"}, fires=_HARBOR, step="5m"),
        (
            AlertScenario(
                _FRESH_5M | {_CADENCE: "300xN", _COMPLETE: "_x500 0+300xN"},
                resolves_after="3d",
                step="5m",
                reason="it came in time",
            ),
        ),
    ),
    "SafeclockBacklogGrowing": AlertScenarios(
        AlertScenario(_FRESH_5M | {_OPEN: "100x4319 250xN"}, "15d", fires=_HARBOR, step="5m"),
        (
            AlertScenario(
                _FRESH_5M | {_OPEN: "100x4319 190xN"}, resolves_after="20d", step="5m", reason="less than twice as many"
            ),
            AlertScenario(_FRESH_5M | {_OPEN: "10x4319 45xN"}, resolves_after="20d", step="5m", reason="few reports"),
            AlertScenario(
                _FRESH_5M | {_OPEN: "100x4319 900x140 100xN"},
                resolves_after="20d",
                step="5m",
                reason="a wave of some hours",
            ),
            AlertScenario(
                _FRESH_5M | {_OPEN: "10x1439 250xN"},
                resolves_after="10d",
                step="5m",
                reason="no past to be held against",
            ),
        ),
    ),
    "SafeclockVolumeDropped": AlertScenarios(
        AlertScenario(_filings("0+1x8352 8352xN"), "29d", fires=_HARBOR, step="5m"),
        (
            AlertScenario(
                _filings("0+1x8352 8352+0.6xN"), resolves_after="32d", step="5m", reason="more than half as many"
            ),
            AlertScenario(
                _filings("0+0.15x8352 1252xN"), resolves_after="32d", step="5m", reason="few reports on such a day"
            ),
            AlertScenario(
                _filings(_weekdays(6)), resolves_after="40d", step="5m", reason="nobody files on this day of the week"
            ),
            AlertScenario(
                _filings("0+1x4032 4032xN"), resolves_after="20d", step="5m", reason="no four weeks to be held against"
            ),
            AlertScenario(
                _filings("0+1x8352 _x240 8593+1xN"),
                resolves_after="32d",
                step="5m",
                reason="nobody looked for twenty hours",
            ),
            AlertScenario(
                _filings("0+1x8352 stale"), resolves_after="32d", step="5m", reason="it has left the registry"
            ),
        ),
    ),
    "SafeclockSlowerThanBefore": AlertScenarios(
        AlertScenario(_cohorts("0.9x287 0.6xN", "0.95x287 0.7xN", "100xN"), "1d", fires=_SLOW, step="5m"),
        (
            AlertScenario(
                _cohorts("0.75xN", "0.86xN", "100xN"), resolves_after="3d", step="5m", reason="the intervals overlap"
            ),
            AlertScenario(
                _cohorts("0.86xN", "0.84xN", "100xN"), resolves_after="3d", step="5m", reason="the difference is small"
            ),
            AlertScenario(_cohorts("0.6xN", "0.7xN", "49xN"), resolves_after="3d", step="5m", reason="a small cohort"),
        ),
    ),
    "SafeclockRefusalsRising": AlertScenarios(
        AlertScenario(_refused("0x287 150xN"), "1d", fires=_HARBOR, step="5m"),
        (
            AlertScenario(_refused("0x287 70xN"), resolves_after="3d", step="5m", reason="a small share"),
            AlertScenario(
                _refused("0x287 19xN", "0+0.1xN"), resolves_after="3d", step="5m", reason="fewer than twenty"
            ),
            AlertScenario(_refused("0+1xN"), "3d", resolves_after="6d", step="5m", reason="no more than before"),
            AlertScenario(
                _refused("0x287 150xN", reason="internal"), resolves_after="3d", step="5m", reason="the fault is ours"
            ),
        ),
    ),
    "SafeclockWrongPartition": AlertScenarios(
        AlertScenario(_refused("0x287 1xN", reason="wrong_partition"), "1d", fires=_HARBOR, step="5m"),
        (
            AlertScenario(_refused("0x287 70xN"), resolves_after="3d", step="5m", reason="refused for another reason"),
            AlertScenario(
                _refused("5xN", reason="wrong_partition"), "2d", resolves_after="4d", step="5m", reason="days ago"
            ),
        ),
    ),
    "SafeclockClockSkew": _anomaly_scenarios("events_skewed"),
    "SafeclockConflicts": _anomaly_scenarios("events_conflicting"),
    "SafeclockOrphansWaiting": AlertScenarios(
        AlertScenario(_FRESH_5M | {_WAITING: "0x287 25xN"}, "1d", fires=_HARBOR, step="5m"),
        (
            AlertScenario(_FRESH_5M | {_WAITING: "0x287 19xN"}, resolves_after="3d", step="5m", reason="fewer"),
            AlertScenario(
                _FRESH_5M | {_WAITING: "0x287 900x250 0x20 900x250 0xN"},
                resolves_after="4d",
                step="5m",
                reason="their filings came within the day",
            ),
            AlertScenario(
                _FRESH_5M | {_WAITING: "900x20 0xN"},
                resolves_after="2d",
                step="5m",
                reason="nobody has looked for a day",
            ),
            AlertScenario(
                _FRESH_5M
                | {
                    f'{_WAITING[:-1]},instance="b1"}}': "_x300 900x20 stale",
                    f'{_WAITING[:-1]},instance="b2"}}': "_x322 0xN",
                },
                resolves_after="4d",
                step="5m",
                reason="their filings came after a board had moved",
            ),
        ),
    ),
    "SafeclockHeartbeatGaps": AlertScenarios(
        AlertScenario(_filings("0+10xN", heartbeat_gaps="0x287 6xN"), "1d", fires=_HARBOR, step="5m"),
        (
            AlertScenario(
                _filings("0+10xN", heartbeat_gaps="0x287 4x287 8xN"),
                resolves_after="4d",
                step="5m",
                reason="fewer than five a day",
            ),
        ),
    ),
    "SafeclockJobDown": AlertScenarios(
        AlertScenario(_all_up(board="1xN", worker_1="1x29 0xN", worker_2="0xN"), "30m", fires={"job": "worker"}),
        (
            AlertScenario(
                _all_up(board="1xN", worker_1="0xN", worker_2="1xN"), resolves_after="2h", reason="another worker is up"
            ),
            AlertScenario(
                _all_up(board="1x30 0x2 1xN", worker_1="1x50 0x2 1xN"), resolves_after="2h", reason="a restart"
            ),
            AlertScenario(
                _all_up(board="1x30 _x2 1xN", worker_1="1xN"),
                resolves_after="2h",
                reason="a restart under another address",
            ),
        ),
    ),
    "SafeclockTargetDown": AlertScenarios(
        AlertScenario(_all_up(worker_1="1x29 0xN", worker_2="1xN", board="1xN"), "30m", fires={"instance": "worker_1"}),
        (
            AlertScenario(
                _all_up(worker_1="1x29 0x14 1xN", worker_2="1xN", board="1xN"),
                resolves_after="2h",
                reason="it came back",
            ),
        ),
    ),
    "SafeclockWorkerRestarting": AlertScenarios(
        AlertScenario(_commits(w1="0+10x20" + 30 * " 0+10x10"), "43m", fires={"instance": "w1"}),
        (
            AlertScenario(
                _commits(w1="0+10x20 0+10x10 0+10xN"), resolves_after="3h", reason="a deployment and one restart"
            ),
            AlertScenario(
                _commits(w1="0+10x20 0+10x50 0+10x50 0+10xN"), resolves_after="5h", reason="restarts hours apart"
            ),
        ),
        visible_after="33m",
    ),
    "SafeclockPartitionsNotReady": AlertScenarios(
        AlertScenario(_partitions("1x30 0xN", "1xN"), "30m", fires={}),
        (
            AlertScenario(
                _partitions("1x30 0x8 1xN", "1x30 0x8 1xN"), resolves_after="2h", reason="a restart and a restore"
            ),
        ),
    ),
    "SafeclockCommitsStalled": AlertScenarios(
        AlertScenario(_commits(w1="0+10x30 300xN"), "30m", fires={"partition": "0"}),
        (
            AlertScenario(
                _commits(w1="0+10x30 300xN", w2="_x31 0+10xN"), resolves_after="2h", reason="another worker took over"
            ),
            AlertScenario(_commits(w1="0+10x30 300x12 310+10xN"), resolves_after="2h", reason="it went on"),
        ),
    ),
    "SafeclockFiguresStale": AlertScenarios(
        AlertScenario({"safeclock_as_of_timestamp_seconds": "0+60x30 1800xN"}, "30m", fires={}),
        (
            AlertScenario(
                {"safeclock_as_of_timestamp_seconds": "0+60x30 1800x17 2880+60xN"},
                resolves_after="2h",
                reason="it caught up",
            ),
            AlertScenario(
                {"safeclock_as_of_timestamp_seconds": "0+60x30 _x3 2040+60xN"},
                resolves_after="2h",
                reason="a board restarted",
            ),
        ),
    ),
    "SafeclockRecordsLost": AlertScenarios(
        AlertScenario(_FRESH | {_LOST: "0x29 7xN", _LOST_AS_REPORTED: "0x29 7xN"}, "30m", fires={"partition": "0"}),
        (
            AlertScenario({_LOST: "7xN"}, "61m", resolves_after="4h", reason="an old gap"),
            AlertScenario(
                {_LOST: "7x120 _x10 7xN"},
                "61m",
                resolves_after="5h",
                reason="an old gap, and nobody looked for ten minutes",
            ),
            AlertScenario({_LOST: "0xN"}, resolves_after="2h", reason="no gap"),
        ),
    ),
    "SafeclockPlatformSuspended": AlertScenarios(
        AlertScenario({_SUSPENDED: "0x29 2xN"}, "30m", fires=_HARBOR),
        (
            AlertScenario({_SUSPENDED: "0xN"}, resolves_after="2h", reason="every topic is as it must be"),
            AlertScenario({_SUSPENDED: "0x29 2x1 0xN"}, resolves_after="2h", reason="it was mended at once"),
        ),
    ),
    "SafeclockInternalRefusal": AlertScenarios(
        AlertScenario(_refused("0x29 1xN", reason="internal"), "30m", fires=_HARBOR),
        (AlertScenario(_refused("0+5xN"), resolves_after="2h", reason="the platform's own mistakes"),),
    ),
    "SafeclockUndecodableBatch": AlertScenarios(
        AlertScenario(_refused("0x29 1xN", reason="undecodable"), "30m", fires=_HARBOR),
        (
            AlertScenario(
                _refused("7xN", reason="undecodable"), "61m", resolves_after="4h", reason="batches of long ago"
            ),
            AlertScenario(_refused("0+5xN"), resolves_after="2h", reason="events that could be read"),
        ),
    ),
    "SafeclockOverCapacity": AlertScenarios(
        AlertScenario(_refused("0x29 1xN", reason="over_capacity"), "30m", fires=_HARBOR),
        (
            AlertScenario(_refused("0+5xN"), resolves_after="2h", reason="the platform's own mistakes"),
            AlertScenario(
                _refused("7xN", reason="over_capacity"), "61m", resolves_after="4h", reason="refusals of long ago"
            ),
        ),
    ),
    "SafeclockPlatformUncommittable": AlertScenarios(
        AlertScenario({_UNCOMMITTABLE: "0x29 1xN"}, "30m", fires={"partition": "0"}),
        (AlertScenario({_UNCOMMITTABLE: "0xN"}, resolves_after="2h", reason="all platforms are counted"),),
    ),
    "SafeclockCapacityNearlyUsed": AlertScenarios(
        AlertScenario({_CAPACITY: "0.7x29 0.85xN"}, "30m", fires=_HARBOR),
        (
            AlertScenario({_CAPACITY: "0.5x30 0.79xN"}, resolves_after="2h", reason="room is left"),
            AlertScenario({_CAPACITY: "0.5x30 0.9x10 0.5xN"}, resolves_after="2h", reason="forgotten within minutes"),
        ),
    ),
    "SafeclockRebalancing": AlertScenarios(
        AlertScenario({'safeclock_worker_rebalances_total{instance="w1"}': "0x30 0+1xN"}, "42m", fires={}),
        (
            AlertScenario(
                {'safeclock_worker_rebalances_total{instance="w1"}': "0x30 0+1x8 8xN"},
                resolves_after="3h",
                reason="a deployment",
            ),
        ),
        visible_after="11m",
    ),
    "SafeclockFeedbackFailing": AlertScenarios(
        AlertScenario({_FEEDBACK: "0x29 1xN"}, "30m", fires=_HARBOR),
        (
            AlertScenario({_FEEDBACK: "0xN"}, resolves_after="2h", reason="every platform gets its feedback"),
            AlertScenario({_FEEDBACK: "0x29 1x10 0xN"}, resolves_after="2h", reason="it was mended within minutes"),
        ),
    ),
    "SafeclockVerdictDecided": AlertScenarios(
        AlertScenario(_FRESH_5M | {_VERDICT: "_x287 1xN"}, "1d", fires=_DECIDED, step="5m"),
        (
            AlertScenario(
                _FRESH_5M | {_VERDICT: "1xN"}, "26h", resolves_after="4d", step="5m", reason="decided days ago"
            ),
            AlertScenario(
                _FRESH_5M | {_VERDICT: "1x300 _x300 1xN"},
                "3d",
                resolves_after="5d",
                step="5m",
                reason="the board was away for a day",
            ),
            AlertScenario(
                _FRESH_5M | {_VERDICT.replace("declared", "demo"): "_x287 1xN"},
                resolves_after="3d",
                step="5m",
                reason="a demo",
            ),
        ),
    ),
    "SafeclockWorkerClockAhead": AlertScenarios(
        AlertScenario({_CLOCK: "0x29 -60xN"}, "30m", fires={"instance": "w1"}),
        (
            AlertScenario({_CLOCK: "0x30 4xN"}, resolves_after="2h", reason="less than a worker allows for"),
            AlertScenario({_CLOCK: "0x30 60x10 0xN"}, resolves_after="2h", reason="mended within minutes"),
        ),
    ),
    "SafeclockLagGrowing": AlertScenarios(
        AlertScenario(_lag("0x29 20000+100xN"), "30m", fires={"partition": "0"}),
        (
            AlertScenario(_lag("0x30 900000-5000x170 0xN"), resolves_after="5h", reason="an import that is worked off"),
            AlertScenario(_lag("0x30 50+10xN"), resolves_after="5h", reason="a small lag"),
            AlertScenario(
                _lag("0x10 20000+100x80 stale") | {_LAG_ELSEWHERE: "_x91 0xN"},
                "110m",
                resolves_after="5h",
                reason="another worker took over and worked it off",
            ),
        ),
    ),
    "SafeclockBoardBehind": AlertScenarios(
        AlertScenario(_FRESH | {"safeclock_figures_timestamp_seconds": "0+60x30 1800xN"}, "30m", fires={}),
        (
            AlertScenario(
                _FRESH | {"safeclock_figures_timestamp_seconds": "0x10 0+60xN"},
                resolves_after="2h",
                reason="some minutes",
            ),
            AlertScenario(
                _FRESH | {"safeclock_input_timestamp_seconds": "0x10 0+60xN"},
                resolves_after="2h",
                reason="some minutes",
            ),
        ),
    ),
    "SafeclockRulesFailing": AlertScenarios(
        AlertScenario({_FAILED: "0x30 1+1xN"}, "31m", fires={}),
        (
            AlertScenario({_FAILED: "0x30 1xN"}, resolves_after="2h", reason="one evaluation, once"),
            AlertScenario(
                {'prometheus_rule_evaluation_failures_total{rule_group="other"}': "0+1xN"},
                resolves_after="2h",
                reason="not ours",
            ),
        ),
    ),
    "SafeclockAlertsUndelivered": AlertScenarios(
        AlertScenario({_UNSENT: "0x30 1+1xN"}, "31m", fires={}),
        (AlertScenario({_UNSENT: "0x30 3xN"}, resolves_after="2h", reason="it arrived in the end"),),
    ),
    "SafeclockWatchdog": AlertScenarios(AlertScenario({}, fires={}), ()),
}
