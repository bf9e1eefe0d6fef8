"""Metric values as they are exported: by metric and label words, in the order of the catalogue's labels."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from streams.contract.metrics.catalogue import metric_by_name
from streams.contract.metrics.metric import LabelSource, bucket_bounds_seconds, label_sets
from streams.contract.packs.exported_clocks import ExportedClock
from streams.domain.duration_bins import SECOND
from streams.domain.ledger.counters import DURATION_BUCKETS


class HistogramValue(NamedTuple):
    """A histogram: how many readings lie in each bucket, the last one without an upper bound, and their sum in ms."""

    counts: tuple[int, ...]
    total_ms: int

    def cumulative_buckets(self) -> list[tuple[str, float]]:
        """Return the buckets as an exposition has them: upper bounds in seconds, counts up to each."""
        bounds = [*(f"{edge}" for edge in bucket_bounds_seconds(DURATION_BUCKETS)), "+Inf"]
        return list(zip(bounds, map(float, accumulate(self.counts)), strict=True))

    @property
    def sum_seconds(self) -> float:
        """The sum of all readings."""
        return self.total_ms / SECOND


EMPTY_HISTOGRAM: Final = HistogramValue((0,) * (len(DURATION_BUCKETS) + 1), 0)

LabelValues = tuple[str, ...]
LabelledValues = dict[LabelValues, float]
Samples = dict[str, LabelledValues]
HistogramSamples = dict[str, dict[LabelValues, HistogramValue]]


def open_label_values(platforms: Sequence[str], clocks: Iterable[ExportedClock]) -> dict[LabelSource, Sequence[str]]:
    """Return what open labels take on a board, partitions left out."""
    exported = list(clocks)
    return {
        LabelSource.REGISTRY: platforms,
        LabelSource.PACK: [clock.id for clock in exported],
        LabelSource.PACK_LIMITED: [clock.id for clock in exported if clock.has_limit],
        LabelSource.PACK_PAUSING: [clock.id for clock in exported if clock.can_pause],
    }


def initial_zeros(names: Sequence[str], label_values: Mapping[LabelSource, Sequence[str]]) -> Samples:
    """Return the zeros that these metrics start with, for the ones that have any; no partitions."""
    return {
        name: dict.fromkeys(label_sets(metric_by_name(name), label_values), 0.0)
        for name in names
        if metric_by_name(name).starts_at_zero
    }
