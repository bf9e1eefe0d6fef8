"""Computes the counter metrics and histograms from the ledger's counters."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from itertools import product
from typing import Final

from dashboards.board.samples import (
    HistogramSamples,
    HistogramValue,
    LabelledValues,
    Samples,
    initial_zeros,
    open_label_values,
)
from streams.contract.metrics.all_metrics import COUNTERS
from streams.contract.metrics.metric import TIMINGS, UNKNOWN_PLATFORM, MetricKind
from streams.contract.packs.exported_clocks import ExportedClock
from streams.domain.clocks.deadlines import DEADLINE_OUTCOMES, MISSED
from streams.domain.clocks.definition import Clock
from streams.domain.duration_bins import SECOND
from streams.domain.ledger import counters
from streams.domain.vocabulary import Outcome, RefusalReason

CounterTotals = Mapping[str, int]

_PLATFORM_COUNTERS: Final = {
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
    "safeclock_reports_evicted_total": counters.EVICTED,
    "safeclock_reports_unanswered_total": counters.UNANSWERED,
    "safeclock_heartbeats_total": counters.HEARTBEATS,
    "safeclock_heartbeat_gaps_total": counters.SEQUENCE_GAPS,
}
_REACHED_TOTAL: Final = "safeclock_deadline_reached_total"
_MISSED_TOTAL: Final = "safeclock_deadline_missed_total"
_CORRECTED_TOTAL: Final = "safeclock_deadline_corrected_total"
_PAUSED_TOTAL: Final = "safeclock_clock_paused_seconds_total"
_PAUSED_CORRECTED_TOTAL: Final = "safeclock_clock_paused_corrected_seconds_total"
_REFUSED_TOTAL: Final = "safeclock_events_refused_total"
_ACTIONS_TOTAL: Final = "safeclock_actions_total"
_UNREGISTERED: Final = ""
"""The platform under which workers count events that name no registered platform."""
_DURATION_PER_BUCKET: Final = (*counters.DURATION_BUCKETS, counters.DURATION_BUCKETS[-1] + 1)
"""One duration of every bucket; the name of the bucket's counter is made from it."""
_COUNTER_NAMES: Final = tuple(metric.name for metric in COUNTERS if metric.kind is MetricKind.COUNTER)


def counter_samples(
    totals: Mapping[str, CounterTotals], platforms: Sequence[str], clocks: Sequence[ExportedClock]
) -> Samples:
    """Return every counter of the registered `platforms`, zeros included.

    `totals` are the counters of all platforms. Events that name no registered platform are counted under "" and
    exported as platform `unknown`. A platform that left the registry is left out: its old refusals, added to
    `unknown`, would look like new ones.
    """
    values = initial_zeros(_COUNTER_NAMES, open_label_values(platforms, clocks))
    values[_REFUSED_TOTAL] |= initial_zeros([_REFUSED_TOTAL], open_label_values([UNKNOWN_PLATFORM], clocks))[
        _REFUSED_TOTAL
    ]
    for platform, total in totals.items():
        if platform in platforms:
            _set_refusals(values[_REFUSED_TOTAL], platform, total)
            _set_platform_counters(values, platform, total, clocks)
        elif platform == _UNREGISTERED:
            _set_refusals(values[_REFUSED_TOTAL], UNKNOWN_PLATFORM, total)
    return values


def _set_refusals(series: LabelledValues, platform: str, total: CounterTotals) -> None:
    for reason in RefusalReason:
        series[platform, reason] = total.get(counters.refused(reason), 0)


def _set_platform_counters(
    values: Samples, platform: str, total: CounterTotals, clocks: Sequence[ExportedClock]
) -> None:
    for metric, name in _PLATFORM_COUNTERS.items():
        values[metric][platform,] = total.get(name, 0)
    for outcome in Outcome:
        values[_ACTIONS_TOTAL][platform, outcome] = total.get(counters.action(outcome), 0)
    for clock in clocks:
        keys = tuple([version.key for version in clock.versions])
        for timing in TIMINGS if clock.has_limit else ():
            labels = (platform, clock.id, timing)
            reached, missed = _deadline_counts(total, keys, timing, is_corrected=False)
            values[_REACHED_TOTAL][labels], values[_MISSED_TOTAL][labels] = reached, missed
            reached, missed = _deadline_counts(total, keys, timing, is_corrected=True)
            values[_CORRECTED_TOTAL][*labels, "reached"], values[_CORRECTED_TOTAL][*labels, "missed"] = reached, missed
        if clock.can_pause:
            paused = [counters.paused_ms(key) for key in keys]
            values[_PAUSED_TOTAL][platform, clock.id] = sum(total.get(name, 0) for name in paused) / SECOND
            corrected = sum(total.get(counters.corrected(name), 0) for name in paused)
            values[_PAUSED_CORRECTED_TOTAL][platform, clock.id] = corrected / SECOND


def _deadline_counts(
    total: CounterTotals, keys: tuple[str, ...], timing: str, *, is_corrected: bool
) -> tuple[int, int]:
    """Return how many deadline outcomes were counted, or corrected, for versions of a clock, and how many missed."""
    misses, others = _deadline_counter_names(keys, is_late=timing == "late", is_corrected=is_corrected)
    missed = sum([total.get(name, 0) for name in misses])
    return missed + sum([total.get(name, 0) for name in others]), missed


@lru_cache(maxsize=4096)
def _deadline_counter_names(keys: tuple[str, ...], *, is_late: bool, is_corrected: bool) -> tuple[list[str], list[str]]:
    """Return the counter names of missed deadlines for versions of a clock, and those of all other outcomes."""
    names: dict[bool, list[str]] = {True: [], False: []}
    for key, outcome in product(keys, DEADLINE_OUTCOMES):
        name = counters.deadline(key, outcome, was_logged_late=is_late)
        names[outcome == MISSED].append(counters.corrected(name) if is_corrected else name)
    return names[True], names[False]


def histogram_samples(
    totals: Mapping[str, CounterTotals], platforms: Sequence[str], clocks: Sequence[ExportedClock]
) -> HistogramSamples:
    """Return the histograms of stopped clocks, and of corrected stops, of the registered `platforms`."""
    return {
        name: {
            (platform, clock.id): _histogram_value(totals.get(platform, {}), clock.versions, is_corrected=corrected)
            for platform in platforms
            for clock in clocks
        }
        for name, corrected in (
            ("safeclock_clock_stopped_seconds", False),
            ("safeclock_clock_corrected_seconds", True),
        )
    }


def _histogram_value(total: CounterTotals, clocks: Sequence[Clock], *, is_corrected: bool) -> HistogramValue:
    def count(name: Callable[[str], str]) -> int:
        names = [name(clock.key) for clock in clocks]
        return sum(total.get(counters.corrected(name) if is_corrected else name, 0) for name in names)

    return HistogramValue(
        counts=tuple([count(partial(counters.stopped, duration=duration)) for duration in _DURATION_PER_BUCKET]),
        total_ms=count(counters.stopped_ms),
    )
