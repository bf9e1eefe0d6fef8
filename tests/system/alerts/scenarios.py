"""What is told of every alert: a history in which it fires, and one or more in which its guards hold it back.

Series are in promtool's notation; `N` stands for as many steps as the history is long.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

Series = dict[str, str]


class Tale(NamedTuple):
    """A history of series; `fires` are the labels of who is told of, from `begins` on something is wrong.

    Of a tale in which nothing fires, `begins` is from when on nobody may be told; it lasts until `ends`.
    """

    series: Series
    begins: str = "0m"
    ends: str = ""
    fires: Mapping[str, str] = {}
    step: str = "1m"
    why: str = ""


class Told(NamedTuple):
    """Both kinds of tales of one alert.

    `shown` is how long a fault that goes on has to be seen before it is what the alert's promise counts from.
    """

    firing: Tale
    quiet: tuple[Tale, ...]
    shown: str = "0m"


AT: Final = 'platform="harbor"'
_HARBOR: Final = {"platform": "harbor"}
_CLOCK: Final = 'safeclock_worker_clock_ahead_seconds{instance="w1",partition="0"}'
_FRESH: Final = {"safeclock_as_of_timestamp_seconds": "0+60xN"}
_FRESH_5M: Final = {"safeclock_as_of_timestamp_seconds": "0+300xN"}
_LIVE: Final = f'{AT},clock="time_to_action",timing="live"'
_SLOW: Final = _HARBOR | {"clock": "time_to_action"}


def _deadlines(reached: str, missed: str) -> Series:
    nothing = {f'safeclock_deadline_corrected_total{{{_LIVE},counted="{of}"}}': "0xN" for of in ("reached", "missed")}
    counted = {
        f"safeclock_deadline_{of}_total{{{_LIVE}}}": told for of, told in (("reached", reached), ("missed", missed))
    }
    return _FRESH_5M | nothing | counted


def _burn(begins: str, firing: str, least: str, allowed: str) -> Told:
    """Tell of a platform with a deadline every five minutes; `least` too few of them, `allowed` too few misses."""
    return Told(
        Tale(_deadlines("0+1xN", firing), begins, fires=_SLOW, step="5m"),
        (
            Tale(_deadlines(least, least), ends="16d", step="5m", why="too few deadlines for a rate"),
            Tale(_deadlines("0+1xN", allowed), ends="16d", step="5m", why="fewer misses than the threshold"),
            Tale(
                _deadlines("0+500x10 5001+1xN", "0+500x10 5000xN"),
                ends="3d",
                step="5m",
                why="years are counted soon after the first look",
            ),
        ),
    )


def _filings(filed: str, **more: str) -> Series:
    plain = {f"safeclock_{name}_total{{{AT}}}": told for name, told in more.items()}
    actions = {f'safeclock_actions_total{{{AT},outcome="restricted"}}': filed}
    return _FRESH_5M | {f"safeclock_reports_filed_total{{{AT}}}": filed} | actions | plain


def _odd(name: str) -> Told:
    """Tell of 5,760 events a day, a hundred of them odd."""
    return Told(
        Tale(_filings("0+10xN", **{name: "0x287 100xN"}), "1d", fires=_HARBOR, step="5m"),
        (
            Tale(_filings("0+10xN", **{name: "0x287 50xN"}), ends="3d", step="5m", why="less than one in a hundred"),
            Tale(_filings("0+0.1xN", **{name: "0x287 19xN"}), ends="3d", step="5m", why="fewer than twenty"),
        ),
    )


def _cohorts(estimate: str, high: str, filed: str) -> Series:
    at = f'{AT},clock="time_to_action",limit="24h"'
    older = {
        f'safeclock_cohort_within_ratio{{{at},cohort="week-{week:02}",bound="{bound}"}}': f"{share}xN"
        for week in range(5, 13)
        for bound, share in (("low", 0.85), ("estimate", 0.9), ("high", 0.95))
    }
    new = {
        f'safeclock_cohort_within_ratio{{{at},cohort="week-01",bound="{bound}"}}': told
        for bound, told in (("estimate", estimate), ("high", high))
    }
    sizes = {f'safeclock_cohort_filed_reports{{{AT},cohort="week-{week:02}"}}': "100xN" for week in range(5, 13)}
    return _FRESH_5M | older | new | sizes | {f'safeclock_cohort_filed_reports{{{AT},cohort="week-01"}}': filed}


def _refused(refused: str, filed: str = "0+10xN", reason: str = "bad_value") -> Series:
    return _filings(filed) | {f'safeclock_events_refused_total{{{AT},reason="{reason}"}}': refused}


def _up(**targets: str) -> Series:
    return {f'up{{job="{name.partition("_")[0]}",instance="{name}"}}': told for name, told in targets.items()}


def _clock_info(statistic: str = "each", reviewed: str = "no") -> Series:
    said = f'version="1",statistic="{statistic}",limit="86400",reviewed="{reviewed}",calendar="yes",pack="standard@1"'
    return {f'safeclock_clock_info{{clock="time_to_action",{said}}}': "1xN"}


def _overdue(overdue: str, reviewed: str, fresh: Series = _FRESH) -> Series:
    at = f'{AT},clock="time_to_action"'
    return fresh | _clock_info(reviewed=reviewed) | {f"safeclock_urgent_overdue_reports{{{at}}}": overdue}


def _objective(met: str = "1xN", left: str = "100xN", reports: str = "100xN", statistic: str = "share") -> Series:
    at = f'{AT},clock="time_to_action"'
    return (
        _FRESH_5M
        | _clock_info(statistic)
        | {
            f'safeclock_objective_met{{{at},period="current"}}': met,
            f"safeclock_objective_budget_reports{{{at}}}": left,
            f'safeclock_objective_reports{{{at},period="current"}}': reports,
        }
    )


def _tripwire(tripped: str) -> Series:
    return _FRESH_5M | {f'safeclock_integrity_check_failed{{{AT},check="channel_shift"}}': tripped}


def _lag(lag: str) -> Series:
    return {'safeclock_worker_lag_records{instance="w1",partition="0"}': lag}


def _partitions(one: str, other: str) -> Series:
    ready = {f'safeclock_partition_ready{{partition="{number}"}}': told for number, told in enumerate((one, other))}
    return {"safeclock_partitions_expected": "2xN"} | ready


def _commits(**workers: str) -> Series:
    return {
        f'safeclock_worker_commits_total{{instance="{name}",partition="0"}}': told for name, told in workers.items()
    }


def _weekdays(weeks: int) -> str:
    """Return a counter that grows by one in five minutes from the first to the fifth day of a week."""
    return " ".join(f"{week * 1440}+1x1439 {(week + 1) * 1440}x575" for week in range(weeks))


_LAG_ELSEWHERE: Final = 'safeclock_worker_lag_records{instance="w2",partition="0"}'
_UNCOMMITTABLE: Final = 'safeclock_worker_uncommittable_platforms{instance="w1",partition="0"}'
_CAPACITY: Final = f"safeclock_capacity_used_ratio{{{AT}}}"
_WAITING: Final = f"safeclock_orphans_waiting{{{AT}}}"
_OPEN: Final = f"safeclock_open_reports{{{AT}}}"
_CADENCE: Final = f"safeclock_cadence_seconds{{{AT}}}"
_COMPLETE: Final = f"safeclock_complete_through_timestamp_seconds{{{AT}}}"
_LOST: Final = 'safeclock_source_records_lost_total{instance="w1",partition="0"}'
_SUSPENDED: Final = f'safeclock_worker_suspended_partitions{{instance="w1",{AT}}}'
_LOST_AS_TOLD: Final = 'safeclock_partition_records_lost_total{partition="0"}'
_FEEDBACK: Final = f'safeclock_worker_feedback_failing{{instance="w1",{AT}}}'
_FAILED: Final = 'prometheus_rule_evaluation_failures_total{rule_group="safeclock.yml;safeclock-alerts"}'
_UNSENT: Final = 'alertmanager_notification_requests_failed_total{integration="webhook"}'

TALES: Final[Mapping[str, Told]] = {
    "SafeclockSlowResponseFast": _burn("1d", "0x287 0+1xN", "0+0.06xN", "0+0.55xN"),
    "SafeclockSlowResponse": _burn("3d", "0x863 0+0.5xN", "0+0.033xN", "0+0.29xN"),
    "SafeclockSlowResponseSustained": _burn("14d", "0x4031 0+0.5xN", "0+0.049xN", "0+0.14xN"),
    "SafeclockUrgentOverdue": Told(
        Tale(_overdue("0x30 2xN", reviewed="yes"), "31m", fires=_SLOW),
        (
            Tale(_overdue("2xN", reviewed="no"), ends="2h", why="nobody has reviewed the clock"),
            Tale(_overdue("0xN", reviewed="yes"), ends="2h", why="nothing is overdue"),
        ),
    ),
    "SafeclockUrgentOverdueUnreviewed": Told(
        Tale(_overdue("1x4031 30xN", reviewed="no", fresh=_FRESH_5M), "14d", fires=_SLOW, step="5m"),
        (
            Tale(
                _overdue("1x4031 30xN", reviewed="yes", fresh=_FRESH_5M), ends="17d", step="5m", why="that is a ticket"
            ),
            Tale(
                _overdue("1x287 9x200 0x10 30x200 1xN", reviewed="no", fresh=_FRESH_5M),
                ends="30h",
                step="5m",
                why="they were acted on",
            ),
        ),
    ),
    "SafeclockObjectiveMissed": Told(
        Tale(_objective(met="1x11 0xN"), "1h", fires=_SLOW, step="5m"),
        (
            Tale(_objective(met="0xN", reports="49xN"), ends="1d", step="5m", why="few reports"),
            Tale(_objective(met="0xN", statistic="each"), ends="1d", step="5m", why="each report is told by itself"),
            Tale(_objective(met="_xN"), ends="1d", step="5m", why="it cannot be told yet"),
        ),
    ),
    "SafeclockObjectiveAtRisk": Told(
        Tale(_objective(left="6000x2015 6000-3xN", reports="1000xN"), "7d", fires=_SLOW, step="5m"),
        (
            Tale(_objective(left="9000-1xN", reports="1000xN"), ends="10d", step="5m", why="enough are left"),
            Tale(
                _objective(left="9000x2015 3000-3xN", reports="1000x2015 300xN"),
                "7d",
                ends="10d",
                step="5m",
                why="a new period began",
            ),
            Tale(
                {
                    name.replace('calendar="yes",', ""): values
                    for name, values in _objective(left="9000x2015 3000-3xN", reports="1000x2015 300xN").items()
                },
                "7d",
                ends="10d",
                step="5m",
                why="a new period began, by a board that does not say of which kind it is",
            ),
            Tale(_objective(left="-5-3xN", reports="1000xN"), ends="4d", step="5m", why="none is left"),
            Tale(_objective(left="500-3xN", reports="199xN"), ends="12h", step="5m", why="few reports"),
        ),
    ),
    "SafeclockIntegrityCheckFailed": Told(
        Tale(_tripwire("0x11 1xN"), "1h", fires=_HARBOR | {"check": "channel_shift"}, step="5m"),
        (
            Tale(_tripwire("0xN"), ends="1d", step="5m", why="it is not tripped"),
            Tale(_tripwire("1x40 0x10 1x40"), ends="10h", step="5m", why="it was for hours only"),
        ),
    ),
    "SafeclockPlatformSilent": Told(
        Tale(_FRESH | {_CADENCE: "300xN", _COMPLETE: "0+60x30 1800xN"}, "45m", fires=_HARBOR),
        (
            Tale(_FRESH | {_CADENCE: "86400xN", _COMPLETE: "0xN"}, ends="2d", why="it is registered as nightly"),
            Tale(
                {"safeclock_as_of_timestamp_seconds": "0+60x30 1800xN", _CADENCE: "300xN", _COMPLETE: "0+60x30 1800xN"},
                ends="2h",
                why="the pipeline stands still",
            ),
        ),
    ),
    "SafeclockPlatformNeverComplete": Told(
        Tale(_FRESH_5M | {_CADENCE: "300xN"}, fires=_HARBOR, step="5m"),
        (
            Tale(
                _FRESH_5M | {_CADENCE: "300xN", _COMPLETE: "_x500 0+300xN"}, ends="3d", step="5m", why="it came in time"
            ),
        ),
    ),
    "SafeclockBacklogGrowing": Told(
        Tale(_FRESH_5M | {_OPEN: "100x4319 250xN"}, "15d", fires=_HARBOR, step="5m"),
        (
            Tale(_FRESH_5M | {_OPEN: "100x4319 190xN"}, ends="20d", step="5m", why="less than twice as many"),
            Tale(_FRESH_5M | {_OPEN: "10x4319 45xN"}, ends="20d", step="5m", why="few reports"),
            Tale(_FRESH_5M | {_OPEN: "100x4319 900x140 100xN"}, ends="20d", step="5m", why="a wave of some hours"),
            Tale(_FRESH_5M | {_OPEN: "10x1439 250xN"}, ends="10d", step="5m", why="no past to be held against"),
        ),
    ),
    "SafeclockVolumeDropped": Told(
        Tale(_filings("0+1x8352 8352xN"), "29d", fires=_HARBOR, step="5m"),
        (
            Tale(_filings("0+1x8352 8352+0.6xN"), ends="32d", step="5m", why="more than half as many"),
            Tale(_filings("0+0.15x8352 1252xN"), ends="32d", step="5m", why="few reports on such a day"),
            Tale(_filings(_weekdays(6)), ends="40d", step="5m", why="nobody files on this day of the week"),
            Tale(_filings("0+1x4032 4032xN"), ends="20d", step="5m", why="no four weeks to be held against"),
            Tale(_filings("0+1x8352 _x240 8593+1xN"), ends="32d", step="5m", why="nobody looked for twenty hours"),
            Tale(_filings("0+1x8352 stale"), ends="32d", step="5m", why="it has left the registry"),
        ),
    ),
    "SafeclockSlowerThanBefore": Told(
        Tale(_cohorts("0.9x287 0.6xN", "0.95x287 0.7xN", "100xN"), "1d", fires=_SLOW, step="5m"),
        (
            Tale(_cohorts("0.75xN", "0.86xN", "100xN"), ends="3d", step="5m", why="the intervals overlap"),
            Tale(_cohorts("0.86xN", "0.84xN", "100xN"), ends="3d", step="5m", why="the difference is small"),
            Tale(_cohorts("0.6xN", "0.7xN", "49xN"), ends="3d", step="5m", why="a small cohort"),
        ),
    ),
    "SafeclockRefusalsRising": Told(
        Tale(_refused("0x287 150xN"), "1d", fires=_HARBOR, step="5m"),
        (
            Tale(_refused("0x287 70xN"), ends="3d", step="5m", why="a small share"),
            Tale(_refused("0x287 19xN", "0+0.1xN"), ends="3d", step="5m", why="fewer than twenty"),
            Tale(_refused("0+1xN"), "3d", ends="6d", step="5m", why="no more than before"),
            Tale(_refused("0x287 150xN", reason="internal"), ends="3d", step="5m", why="the fault is ours"),
        ),
    ),
    "SafeclockWrongPartition": Told(
        Tale(_refused("0x287 1xN", reason="wrong_partition"), "1d", fires=_HARBOR, step="5m"),
        (
            Tale(_refused("0x287 70xN"), ends="3d", step="5m", why="refused for another reason"),
            Tale(_refused("5xN", reason="wrong_partition"), "2d", ends="4d", step="5m", why="days ago"),
        ),
    ),
    "SafeclockClockSkew": _odd("events_skewed"),
    "SafeclockConflicts": _odd("events_conflicting"),
    "SafeclockOrphansWaiting": Told(
        Tale(_FRESH_5M | {_WAITING: "0x287 25xN"}, "1d", fires=_HARBOR, step="5m"),
        (
            Tale(_FRESH_5M | {_WAITING: "0x287 19xN"}, ends="3d", step="5m", why="fewer"),
            Tale(
                _FRESH_5M | {_WAITING: "0x287 900x250 0x20 900x250 0xN"},
                ends="4d",
                step="5m",
                why="their filings came within the day",
            ),
            Tale(_FRESH_5M | {_WAITING: "900x20 0xN"}, ends="2d", step="5m", why="nobody has looked for a day"),
            Tale(
                _FRESH_5M
                | {
                    f'{_WAITING[:-1]},instance="b1"}}': "_x300 900x20 stale",
                    f'{_WAITING[:-1]},instance="b2"}}': "_x322 0xN",
                },
                ends="4d",
                step="5m",
                why="their filings came after a board had moved",
            ),
        ),
    ),
    "SafeclockHeartbeatGaps": Told(
        Tale(_filings("0+10xN", heartbeat_gaps="0x287 6xN"), "1d", fires=_HARBOR, step="5m"),
        (
            Tale(
                _filings("0+10xN", heartbeat_gaps="0x287 4x287 8xN"), ends="4d", step="5m", why="fewer than five a day"
            ),
        ),
    ),
    "SafeclockJobDown": Told(
        Tale(_up(board="1xN", worker_1="1x29 0xN", worker_2="0xN"), "30m", fires={"job": "worker"}),
        (
            Tale(_up(board="1xN", worker_1="0xN", worker_2="1xN"), ends="2h", why="another worker is up"),
            Tale(_up(board="1x30 0x2 1xN", worker_1="1x50 0x2 1xN"), ends="2h", why="a restart"),
            Tale(_up(board="1x30 _x2 1xN", worker_1="1xN"), ends="2h", why="a restart under another address"),
        ),
    ),
    "SafeclockTargetDown": Told(
        Tale(_up(worker_1="1x29 0xN", worker_2="1xN", board="1xN"), "30m", fires={"instance": "worker_1"}),
        (Tale(_up(worker_1="1x29 0x14 1xN", worker_2="1xN", board="1xN"), ends="2h", why="it came back"),),
    ),
    "SafeclockWorkerRestarting": Told(
        Tale(_commits(w1="0+10x20" + 30 * " 0+10x10"), "43m", fires={"instance": "w1"}),
        (
            Tale(_commits(w1="0+10x20 0+10x10 0+10xN"), ends="3h", why="a deployment and one restart"),
            Tale(_commits(w1="0+10x20 0+10x50 0+10x50 0+10xN"), ends="5h", why="restarts hours apart"),
        ),
        shown="33m",
    ),
    "SafeclockPartitionsNotReady": Told(
        Tale(_partitions("1x30 0xN", "1xN"), "30m", fires={}),
        (Tale(_partitions("1x30 0x8 1xN", "1x30 0x8 1xN"), ends="2h", why="a restart and a restore"),),
    ),
    "SafeclockCommitsStalled": Told(
        Tale(_commits(w1="0+10x30 300xN"), "30m", fires={"partition": "0"}),
        (
            Tale(_commits(w1="0+10x30 300xN", w2="_x31 0+10xN"), ends="2h", why="another worker took over"),
            Tale(_commits(w1="0+10x30 300x12 310+10xN"), ends="2h", why="it went on"),
        ),
    ),
    "SafeclockFiguresStale": Told(
        Tale({"safeclock_as_of_timestamp_seconds": "0+60x30 1800xN"}, "30m", fires={}),
        (
            Tale({"safeclock_as_of_timestamp_seconds": "0+60x30 1800x17 2880+60xN"}, ends="2h", why="it caught up"),
            Tale({"safeclock_as_of_timestamp_seconds": "0+60x30 _x3 2040+60xN"}, ends="2h", why="a board restarted"),
        ),
    ),
    "SafeclockRecordsLost": Told(
        Tale(_FRESH | {_LOST: "0x29 7xN", _LOST_AS_TOLD: "0x29 7xN"}, "30m", fires={"partition": "0"}),
        (
            Tale({_LOST: "7xN"}, "61m", ends="4h", why="an old gap"),
            Tale({_LOST: "7x120 _x10 7xN"}, "61m", ends="5h", why="an old gap, and nobody looked for ten minutes"),
            Tale({_LOST: "0xN"}, ends="2h", why="no gap"),
        ),
    ),
    "SafeclockPlatformSuspended": Told(
        Tale({_SUSPENDED: "0x29 2xN"}, "30m", fires=_HARBOR),
        (
            Tale({_SUSPENDED: "0xN"}, ends="2h", why="every topic is as it must be"),
            Tale({_SUSPENDED: "0x29 2x1 0xN"}, ends="2h", why="it was mended at once"),
        ),
    ),
    "SafeclockInternalRefusal": Told(
        Tale(_refused("0x29 1xN", reason="internal"), "30m", fires=_HARBOR),
        (Tale(_refused("0+5xN"), ends="2h", why="the platform's own mistakes"),),
    ),
    "SafeclockUndecodableBatch": Told(
        Tale(_refused("0x29 1xN", reason="undecodable"), "30m", fires=_HARBOR),
        (
            Tale(_refused("7xN", reason="undecodable"), "61m", ends="4h", why="batches of long ago"),
            Tale(_refused("0+5xN"), ends="2h", why="events that could be read"),
        ),
    ),
    "SafeclockOverCapacity": Told(
        Tale(_refused("0x29 1xN", reason="over_capacity"), "30m", fires=_HARBOR),
        (
            Tale(_refused("0+5xN"), ends="2h", why="the platform's own mistakes"),
            Tale(_refused("7xN", reason="over_capacity"), "61m", ends="4h", why="refusals of long ago"),
        ),
    ),
    "SafeclockPlatformUncommittable": Told(
        Tale({_UNCOMMITTABLE: "0x29 1xN"}, "30m", fires={"partition": "0"}),
        (Tale({_UNCOMMITTABLE: "0xN"}, ends="2h", why="all platforms are counted"),),
    ),
    "SafeclockCapacityNearlyUsed": Told(
        Tale({_CAPACITY: "0.7x29 0.85xN"}, "30m", fires=_HARBOR),
        (
            Tale({_CAPACITY: "0.5x30 0.79xN"}, ends="2h", why="room is left"),
            Tale({_CAPACITY: "0.5x30 0.9x10 0.5xN"}, ends="2h", why="forgotten within minutes"),
        ),
    ),
    "SafeclockRebalancing": Told(
        Tale({'safeclock_worker_rebalances_total{instance="w1"}': "0x30 0+1xN"}, "42m", fires={}),
        (Tale({'safeclock_worker_rebalances_total{instance="w1"}': "0x30 0+1x8 8xN"}, ends="3h", why="a deployment"),),
        shown="11m",
    ),
    "SafeclockFeedbackFailing": Told(
        Tale({_FEEDBACK: "0x29 1xN"}, "30m", fires=_HARBOR),
        (
            Tale({_FEEDBACK: "0xN"}, ends="2h", why="every platform gets its feedback"),
            Tale({_FEEDBACK: "0x29 1x10 0xN"}, ends="2h", why="it was mended within minutes"),
        ),
    ),
    "SafeclockWorkerClockAhead": Told(
        Tale({_CLOCK: "0x29 -60xN"}, "30m", fires={"instance": "w1"}),
        (
            Tale({_CLOCK: "0x30 4xN"}, ends="2h", why="less than a worker allows for"),
            Tale({_CLOCK: "0x30 60x10 0xN"}, ends="2h", why="mended within minutes"),
        ),
    ),
    "SafeclockLagGrowing": Told(
        Tale(_lag("0x29 20000+100xN"), "30m", fires={"partition": "0"}),
        (
            Tale(_lag("0x30 900000-5000x170 0xN"), ends="5h", why="an import that is worked off"),
            Tale(_lag("0x30 50+10xN"), ends="5h", why="a small lag"),
            Tale(
                _lag("0x10 20000+100x80 stale") | {_LAG_ELSEWHERE: "_x91 0xN"},
                "110m",
                ends="5h",
                why="another worker took over and worked it off",
            ),
        ),
    ),
    "SafeclockBoardBehind": Told(
        Tale(_FRESH | {"safeclock_figures_timestamp_seconds": "0+60x30 1800xN"}, "30m", fires={}),
        (
            Tale(_FRESH | {"safeclock_figures_timestamp_seconds": "0x10 0+60xN"}, ends="2h", why="some minutes"),
            Tale(_FRESH | {"safeclock_input_timestamp_seconds": "0x10 0+60xN"}, ends="2h", why="some minutes"),
        ),
    ),
    "SafeclockRulesFailing": Told(
        Tale({_FAILED: "0x30 1+1xN"}, "31m", fires={}),
        (
            Tale({_FAILED: "0x30 1xN"}, ends="2h", why="one evaluation, once"),
            Tale({'prometheus_rule_evaluation_failures_total{rule_group="other"}': "0+1xN"}, ends="2h", why="not ours"),
        ),
    ),
    "SafeclockAlertsUndelivered": Told(
        Tale({_UNSENT: "0x30 1+1xN"}, "31m", fires={}),
        (Tale({_UNSENT: "0x30 3xN"}, ends="2h", why="it arrived in the end"),),
    ),
    "SafeclockWatchdog": Told(Tale({}, fires={}), ()),
}
