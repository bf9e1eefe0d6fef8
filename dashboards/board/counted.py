"""The metrics of what happened: every name in the ledger's counters, read as the series it stands for."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from itertools import product
from typing import Final

from dashboards.board.values import Histograms, Readings, Series, Values, listed, zeros
from streams.contract.catalogue import AS_IT_HAPPENED
from streams.contract.metric import OTHER_PLATFORM, TIMINGS, Kind
from streams.contract.watched import Watched
from streams.domain import counters
from streams.domain.clocks import Clock
from streams.domain.endings import MISSED, VERDICTS
from streams.domain.grid import SECOND
from streams.domain.vocabulary import Outcome, Reason

Total = Mapping[str, int]

_PLAIN: Final = {
    "safeclock_reports_filed_total": counters.FILED,
    "safeclock_reports_unfiled_total": counters.UNFILED,
    "safeclock_events_duplicate_total": counters.DUPLICATES,
    "safeclock_events_folded_total": counters.FOLDED,
    "safeclock_events_conflicting_total": counters.CONFLICTS,
    "safeclock_events_skewed_total": counters.SKEWED,
    "safeclock_events_retracted_total": counters.RETRACTED,
    "safeclock_reports_amended_total": counters.AMENDED,
    "safeclock_history_reports_total": counters.HISTORY,
    "safeclock_reports_test_total": counters.TESTS,
    "safeclock_reports_forgotten_total": counters.FORGOTTEN,
    "safeclock_reports_sealed_total": counters.SEALED,
    "safeclock_heartbeats_total": counters.HEARTBEATS,
    "safeclock_heartbeat_gaps_total": counters.SEQUENCE_GAPS,
}
_REACHED: Final = "safeclock_deadline_reached_total"
_MISSED_TOTAL: Final = "safeclock_deadline_missed_total"
_CORRECTED: Final = "safeclock_deadline_corrected_total"
_PAUSED: Final = "safeclock_clock_paused_seconds_total"
_PAUSED_CORRECTED: Final = "safeclock_clock_paused_corrected_seconds_total"
_REFUSED: Final = "safeclock_events_refused_total"
_ACTIONS: Final = "safeclock_actions_total"
_NOBODY: Final = ""
"""Whose counters hold what names no registered platform."""
_ONE_IN_EACH: Final = (*counters.BUCKETS, counters.BUCKETS[-1] + 1)
"""A duration of every bucket, by which its counter is named."""
_NAMES: Final = tuple(metric.name for metric in AS_IT_HAPPENED if metric.kind is Kind.COUNTER)


def counted(totals: Mapping[str, Total], platforms: Sequence[str], clocks: Sequence[Watched]) -> Values:
    """Return every counter, from zero on, of the registered `platforms`.

    `totals` are the counters of whoever was told of. What names no registered platform is told of nobody (""), and
    stands under a name of its own. A platform that has left the registry is left out: its refusals would stand there
    as if they had come in at once.
    """
    values = zeros(_NAMES, listed(platforms, clocks))
    values[_REFUSED] |= zeros([_REFUSED], listed([OTHER_PLATFORM], clocks))[_REFUSED]
    for platform, total in totals.items():
        if platform in platforms:
            _set_refusals(values[_REFUSED], platform, total)
            _set(values, platform, total, clocks)
        elif platform == _NOBODY:
            _set_refusals(values[_REFUSED], OTHER_PLATFORM, total)
    return values


def _set_refusals(series: Series, platform: str, total: Total) -> None:
    for reason in Reason:
        series[platform, reason] = total.get(counters.refused(reason), 0)


def _set(values: Values, platform: str, total: Total, clocks: Sequence[Watched]) -> None:
    for metric, name in _PLAIN.items():
        values[metric][platform,] = total.get(name, 0)
    for outcome in Outcome:
        values[_ACTIONS][platform, outcome] = total.get(counters.deed(outcome), 0)
    for clock in clocks:
        keys = tuple([version.key for version in clock.versions])
        for timing in TIMINGS if clock.limited else ():
            words = (platform, clock.id, timing)
            reached, missed = _verdicts(total, keys, timing, corrected=False)
            values[_REACHED][words], values[_MISSED_TOTAL][words] = reached, missed
            reached, missed = _verdicts(total, keys, timing, corrected=True)
            values[_CORRECTED][*words, "reached"], values[_CORRECTED][*words, "missed"] = reached, missed
        if clock.pauses:
            paused = [counters.paused_ms(key) for key in keys]
            values[_PAUSED][platform, clock.id] = sum(total.get(name, 0) for name in paused) / SECOND
            taken_back = sum(total.get(counters.corrected(name), 0) for name in paused)
            values[_PAUSED_CORRECTED][platform, clock.id] = taken_back / SECOND


def _verdicts(total: Total, keys: tuple[str, ...], timing: str, *, corrected: bool) -> tuple[int, int]:
    """Return how many verdicts on versions of a clock came in, or were taken back, and how many were misses."""
    misses, others = _verdict_names(keys, late=timing == "late", corrected=corrected)
    missed = sum([total.get(name, 0) for name in misses])
    return missed + sum([total.get(name, 0) for name in others]), missed


@lru_cache(maxsize=4096)
def _verdict_names(keys: tuple[str, ...], *, late: bool, corrected: bool) -> tuple[list[str], list[str]]:
    """Return what misses of versions of a clock are counted under, and every other verdict."""
    names: dict[bool, list[str]] = {True: [], False: []}
    for key, verdict in product(keys, VERDICTS):
        name = counters.verdict(key, verdict, late=late)
        names[verdict == MISSED].append(counters.corrected(name) if corrected else name)
    return names[True], names[False]


def readings(totals: Mapping[str, Total], platforms: Sequence[str], clocks: Sequence[Watched]) -> Histograms:
    """Return the histograms of stopped clocks, and of those taken back, of the registered `platforms`."""
    return {
        name: {
            (platform, clock.id): _readings(totals.get(platform, {}), clock.versions, corrected=corrected)
            for platform in platforms
            for clock in clocks
        }
        for name, corrected in (
            ("safeclock_clock_stopped_seconds", False),
            ("safeclock_clock_corrected_seconds", True),
        )
    }


def _readings(total: Total, clocks: Sequence[Clock], *, corrected: bool) -> Readings:
    def count(name: Callable[[str], str]) -> int:
        names = [name(clock.key) for clock in clocks]
        return sum(total.get(counters.corrected(name) if corrected else name, 0) for name in names)

    return Readings(
        counts=tuple([count(partial(counters.stopped, duration=duration)) for duration in _ONE_IN_EACH]),
        total_ms=count(counters.stopped_ms),
    )
