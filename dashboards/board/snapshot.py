"""The exported values as one immutable snapshot: the board builds it, and a scrape only reads it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector
from typing_extensions import override

from dashboards.board.samples import HistogramSamples, LabelledValues, Samples
from streams.contract.metrics.all_metrics import METRICS
from streams.contract.metrics.metric import Metric, MetricKind, Process


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Values of counters, gauges and infos by metric, and histograms; a metric without values has no series."""

    values: Samples = field(default_factory=dict)
    histograms: HistogramSamples = field(default_factory=dict)


class SnapshotCollector(Collector):
    """Yields every metric that a board exports, from the current snapshot."""

    def __init__(self, current: Callable[[], Snapshot]) -> None:
        self._current = current

    def describe(self) -> list[Family]:
        """Return nothing, so that registration does not call `collect`."""
        return []

    @override
    def collect(self) -> Iterator[Family]:
        """Yield the metric families that have a series, in the catalogue's order."""
        snapshot = self._current()
        for metric in exported_metrics(snapshot):
            if metric.name in snapshot.histograms:
                yield _histogram_family(metric, snapshot.histograms)
            else:
                yield _metric_family(metric, snapshot.values[metric.name])


def exported_metrics(snapshot: Snapshot) -> list[Metric]:
    """Return the metrics that have a series, and every histogram of the snapshot, in the catalogue's order."""
    with_series = snapshot.histograms.keys() | {name for name, series in snapshot.values.items() if series}
    return [metric for metric in METRICS if metric.process is Process.BOARD and metric.name in with_series]


def _metric_family(metric: Metric, series: LabelledValues) -> Family:
    kind = CounterMetricFamily if metric.kind is MetricKind.COUNTER else GaugeMetricFamily
    family = kind(metric.name, metric.help, labels=[label.name for label in metric.labels])
    for labels, value in series.items():
        family.add_metric(labels, value)
    return family


def _histogram_family(metric: Metric, histograms: HistogramSamples) -> Family:
    family = HistogramMetricFamily(metric.name, metric.help, labels=[label.name for label in metric.labels])
    for labels, histogram in histograms[metric.name].items():
        family.add_metric(labels, histogram.cumulative_buckets(), histogram.sum_seconds)
    return family


def merge_samples(*parts: Mapping[str, LabelledValues]) -> Samples:
    """Return the union of sample sets that have no series in common."""
    merged: Samples = {}
    for part in parts:
        for name, series in part.items():
            merged.setdefault(name, {}).update(series)
    return merged
