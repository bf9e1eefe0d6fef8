"""Exported metric values, by metric and label values, in the order of the catalogue's labels."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from streams.contract.metrics.all_metrics import metric_by_name
from streams.contract.metrics.metric import LabelSource, bucket_bounds_seconds, label_sets
from streams.contract.packs.exported_clocks import ExportedClock
from streams.domain.duration_bins import SECOND
from streams.domain.ledger.counters import DURATION_BUCKETS


class HistogramValue(NamedTuple):
    """A histogram: the number of observations in each bucket, and their sum in ms. The last bucket has no bound."""

    counts: tuple[int, ...]
    total_ms: int

    def cumulative_buckets(self) -> list[tuple[str, float]]:
        """Return the buckets in Prometheus' format: upper bounds in seconds with cumulative counts."""
        bounds = [*(f"{edge}" for edge in bucket_bounds_seconds(DURATION_BUCKETS)), "+Inf"]
        return list(zip(bounds, map(float, accumulate(self.counts)), strict=True))

    @property
    def sum_seconds(self) -> float:
        """The sum of all observations."""
        return self.total_ms / SECOND


LabelValues = tuple[str, ...]
LabelledValues = dict[LabelValues, float]
Samples = dict[str, LabelledValues]
HistogramSamples = dict[str, dict[LabelValues, HistogramValue]]


def open_label_values(platforms: Sequence[str], clocks: Iterable[ExportedClock]) -> dict[LabelSource, Sequence[str]]:
    """Return the values that open labels have on a board; the partition label is left out."""
    exported = list(clocks)
    return {
        LabelSource.REGISTRY: platforms,
        LabelSource.PACK: [clock.id for clock in exported],
        LabelSource.PACK_LIMITED: [clock.id for clock in exported if clock.has_limit],
        LabelSource.PACK_PAUSING: [clock.id for clock in exported if clock.can_pause],
    }


def initial_zeros(names: Sequence[str], label_values: Mapping[LabelSource, Sequence[str]]) -> Samples:
    """Return the zeros with which metrics start that start at zero; metrics by partition are left out."""
    return {
        name: dict.fromkeys(label_sets(metric_by_name(name), label_values), 0.0)
        for name in names
        if metric_by_name(name).starts_at_zero
    }
