"""A stand-in for a board: exports the catalogue with given values, zeros where the catalogue promises them."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector
from typing_extensions import override

from streams.contract.metrics.all_metrics import METRICS, metric_by_name
from streams.contract.metrics.metric import (
    STANDARD_CLOCK_IDS,
    LabelSource,
    Metric,
    MetricKind,
    Process,
    bucket_bounds_seconds,
    label_sets,
)

Values = dict[tuple[str, tuple[str, ...]], float]


class BoardStandIn(Collector):
    """Values by metric and label words, in the order of the catalogue's labels; they may change between scrapes.

    Clocks of rule packs are the standard ones where `listed` does not say. `readings` are the durations in seconds that a histogram holds; `process` is whose metrics they are.
    """

    def __init__(self, listed: Mapping[LabelSource, tuple[str, ...]], process: Process = Process.BOARD) -> None:
        self.label_values = {
            **dict.fromkeys((LabelSource.PACK, LabelSource.PACK_LIMITED, LabelSource.PACK_PAUSING), STANDARD_CLOCK_IDS),
            LabelSource.DECLARATIONS: ("one",),
            **listed,
        }
        self.process = process
        self.values: Values = {}
        self.histograms: dict[tuple[str, tuple[str, ...]], list[float]] = {}

    def set(self, name: str, value: float, **labels: str) -> None:
        """Give one series a value; KeyError for a label that the catalogue does not declare."""
        self.values[name, tuple(labels[label.name] for label in metric_by_name(name).labels)] = value

    def describe(self) -> Iterable[Family]:
        """Say nothing beforehand, so that registering does not collect."""
        return []

    @override
    def collect(self) -> Iterator[Family]:
        """Yield every metric of the process."""
        for metric in METRICS:
            if metric.process is self.process:
                yield self._histogram(metric) if metric.kind is MetricKind.HISTOGRAM else self._family(metric)

    def _family(self, metric: Metric) -> Family:
        kind = CounterMetricFamily if metric.kind is MetricKind.COUNTER else GaugeMetricFamily
        family = kind(metric.name, metric.help, labels=[label.name for label in metric.labels])
        zeros = dict.fromkeys(label_sets(metric, self.label_values), 0.0) if metric.starts_at_zero else {}
        given = {words: value for (name, words), value in self.values.items() if name == metric.name}
        for words, value in (zeros | given).items():
            family.add_metric(words, value)
        return family

    def _histogram(self, metric: Metric) -> Family:
        family = HistogramMetricFamily(metric.name, metric.help, labels=[label.name for label in metric.labels])
        for words in label_sets(metric, self.label_values):
            held = self.histograms.get((metric.name, words), [])
            buckets = [
                (f"{edge}", float(sum(x <= edge for x in held))) for edge in bucket_bounds_seconds(metric.bucket_edges)
            ]
            family.add_metric(words, [*buckets, ("+Inf", float(len(held)))], sum(held))
        return family


@contextmanager
def serve_metrics(board: BoardStandIn, port: int = 0) -> Iterator[str]:
    """Serve a stand-in on a port of this machine, any that is free for 0; yields host:port."""
    registry = CollectorRegistry()
    registry.register(board)
    server, thread = start_http_server(port, addr="127.0.0.1", registry=registry)
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
