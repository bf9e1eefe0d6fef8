"""What every product counter must have grown by, found without asking worker or board, and what Prometheus saw.

Filings, stops and deadline outcomes are found by the scan, the other counts by the plain fold. What was counted and taken back
is set off against each other: how often that happens depends on which topic was ahead.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any, Final

from dashboards.rules.recording.rules import RECORDINGS
from streams.contract.metrics.all_metrics import COUNTERS, METRICS
from streams.contract.metrics.metric import UNKNOWN_PLATFORM, MetricKind, bucket_bounds_seconds
from streams.contract.outputs.measures import COUNTERS_PREFIX, decode_counters
from streams.domain.ledger import counters
from streams.domain.ledger.counters import DURATION_BUCKETS
from streams.runtime.journal.checkpoint import Checkpoint
from tests.support.failures import source_truth
from tests.support.failures.source_truth import SourceRecords
from tests.support.monitoring.prometheus import Prometheus

Series = tuple[str, frozenset[tuple[str, str]]]
"""A metric's name as it is exported, and its labels but for those of the scrape."""

_FILED: Final = "safeclock_reports_filed_total"
_STOPPED: Final = "safeclock_clock_stopped_seconds"
_CORRECTING_SERIES: Final = {"safeclock_reports_unfiled_total": _FILED} | {
    f"safeclock_clock_corrected_seconds_{part}": f"{_STOPPED}_{part}" for part in ("bucket", "count", "sum")
}
_CORRECTED: Final = "safeclock_deadline_corrected_total"
_NAMES: Final = {
    counters.DUPLICATES: "safeclock_events_duplicate_total",
    counters.CONFLICTS: "safeclock_events_conflicting_total",
    counters.SKEWED: "safeclock_events_skewed_total",
    counters.RETRACTED: "safeclock_events_retracted_total",
    counters.AMENDED: "safeclock_reports_amended_total",
    counters.TESTS: "safeclock_reports_test_total",
    counters.EVICTED: "safeclock_reports_evicted_total",
    counters.UNANSWERED: "safeclock_reports_unanswered_total",
    counters.HEARTBEATS: "safeclock_heartbeats_total",
    counters.SEQUENCE_GAPS: "safeclock_heartbeat_gaps_total",
}
_METRIC_BY_COUNTER: Final = {
    "action": ("safeclock_actions_total", "outcome"),
    "refused": ("safeclock_events_refused_total", "reason"),
}
_SCRAPE_LABELS: Final = frozenset({"__name__", "instance", "job"})
_QUERY_RANGE: Final = "1h"
"""Longer than any test."""


def metric_series(name: str, **labels: str) -> Series:
    """Return a series by its name and labels."""
    return name, frozenset(labels.items())


def expected_increases(source: SourceRecords, positions: Mapping[int, Checkpoint]) -> Counter[Series]:
    """Return by how much every series has grown since nothing was told; sums in milliseconds, zeros left out."""
    wanted: Counter[Series] = Counter()
    for number, position in positions.items():
        wanted.update(_scan_increases(source, number, position.log_time))
    for _, key, value in source_truth.fold_all_partitions(source, positions):
        if key.startswith(COUNTERS_PREFIX):
            wanted.update(_ledger_increases(source, key.removeprefix(COUNTERS_PREFIX).decode(), decode_counters(value)))
    return _without_zeros(wanted)


def _scan_increases(source: SourceRecords, number: int, now: int) -> Counter[Series]:
    """Return what a scan of one partition finds of filings, stops and deadline outcomes."""
    scan, events = source_truth.oracle_events(source, number)
    found: Counter[Series] = Counter()
    for platform, states in scan.states(events, now).items():
        found[metric_series(_FILED, platform=platform)] += states.total()
    for (platform, clock), durations in scan.stop_durations(events).items():
        at = {"platform": platform, "clock": clock}
        found[metric_series(f"{_STOPPED}_count", **at)] += len(durations)
        found[metric_series(f"{_STOPPED}_sum", **at)] += sum(durations)
        found[metric_series(f"{_STOPPED}_bucket", **at, le="+Inf")] += len(durations)
        for edge, bound in zip(DURATION_BUCKETS, bucket_bounds_seconds(DURATION_BUCKETS), strict=True):
            found[metric_series(f"{_STOPPED}_bucket", **at, le=f"{bound}")] += sum(one <= edge for one in durations)
    for deadline in scan.deadline_outcomes(events, now):
        at = {"platform": deadline.key.partition(b"|")[0].decode(), "clock": deadline.clock, "timing": deadline.timing}
        found[metric_series("safeclock_deadline_reached_total", **at)] += 1
        found[metric_series("safeclock_deadline_missed_total", **at)] += deadline.outcome == "missed"
    return found


def _ledger_increases(source: SourceRecords, platform: str, tally: Mapping[str, int]) -> Iterator[Series]:
    """Yield every series that a ledger's counters of a platform stand for, as often as they say."""
    registered = platform in source.registry.platforms
    for name, count in tally.items():
        kind, _, word = name.partition("|")
        if kind in _METRIC_BY_COUNTER and (registered or kind == "refused"):
            metric, label = _METRIC_BY_COUNTER[kind]
            counted = platform if registered else UNKNOWN_PLATFORM
            yield from [metric_series(metric, platform=counted, **{label: word})] * count
        elif name in _NAMES and registered:
            yield from [metric_series(_NAMES[name], platform=platform)] * count


def observed_increases(prometheus: Prometheus, address: str) -> Counter[Series]:
    """Return by how much every series of a board has grown, as Prometheus saw it from its first scrape to its last.

    A series that was born later has grown from nothing. AssertionError for one that has ever fallen.
    """
    (up,) = _samples(prometheus, f'up{{instance="{address}"}}')
    began = up["values"][0][0]
    grown: Counter[Series] = Counter()
    for sampled in _raw(prometheus, f'instance="{address}"'):
        name, labels = sampled["metric"]["__name__"], _labels(sampled["metric"])
        values = [float(value) for _, value in sampled["values"]]
        first = values[0] if sampled["values"][0][0] == began else 0.0
        assert_never_decreases(name, labels, values)
        growth = values[-1] - first
        grown[name, labels] += round(growth * 1_000 if name.endswith("_sum") else growth)
    return _without_zeros(_net_increases(grown))


def differences(wanted: Counter[Series], found: Counter[Series]) -> list[str]:
    """Return in words where two growths differ."""
    return sorted(
        f"{name} {dict(sorted(labels))}: expected {wanted[name, labels]}, seen {found[name, labels]}"
        for name, labels in wanted.keys() | found.keys()
        if wanted[name, labels] != found[name, labels]
    )


def assert_never_decreases(name: str, labels: object, values: Iterable[float]) -> None:
    """Assert that the samples of a series do not fall."""
    falls = [pair for pair in pairwise(values) if pair[1] < pair[0]]
    assert not falls, f"{name} {labels}: fell {falls}"


def assert_recordings_never_decrease(prometheus: Prometheus) -> None:
    """Assert that what is recorded of counters, whichever board they come from, does not fall: `increase` reads it."""
    counters = {metric.name.removesuffix("_total") for metric in METRICS if metric.kind is MetricKind.COUNTER}
    for record in (
        one.record for one in RECORDINGS if one.record.split(":")[1:] in [[name, "max"] for name in counters]
    ):
        for sampled in _samples(prometheus, record):
            assert_never_decreases(record, _labels(sampled["metric"]), (float(value) for _, value in sampled["values"]))


def _raw(prometheus: Prometheus, matcher: str) -> Iterator[Mapping[str, Any]]:
    """Yield the samples of every product counter, a histogram's parts each."""
    for metric in COUNTERS:
        pattern = f"{metric.name}_(bucket|count|sum)" if metric.kind is MetricKind.HISTOGRAM else metric.name
        yield from _samples(prometheus, f'{{__name__=~"{pattern}",{matcher}}}')


def _samples(prometheus: Prometheus, selector: str) -> Iterable[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = prometheus.get("/api/v1/query", query=f"{selector}[{_QUERY_RANGE}]")["result"]
    return found


def _net_increases(grown: Mapping[Series, int]) -> Counter[Series]:
    """Set what was taken back off against what was counted."""
    net: Counter[Series] = Counter()
    for (name, labels), growth in grown.items():
        if name in _CORRECTING_SERIES:
            net[_CORRECTING_SERIES[name], labels] -= growth
        elif name == _CORRECTED:
            counted = dict(labels)["counted"]
            net[f"safeclock_deadline_{counted}_total", labels - {("counted", counted)}] -= growth
        else:
            net[name, labels] += growth
    return net


def _labels(metric: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset((name, word) for name, word in metric.items() if name not in _SCRAPE_LABELS)


def _without_zeros(counts: Mapping[Series, int]) -> Counter[Series]:
    return Counter({place: count for place, count in counts.items() if count})
