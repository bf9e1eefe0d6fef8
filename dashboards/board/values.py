"""Metric values as they are exported: by metric and label words, in the order of the catalogue's labels."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from streams.contract.catalogue import named
from streams.contract.metric import Source, label_sets, seconds
from streams.domain.counters import BUCKETS
from streams.domain.grid import SECOND


class Readings(NamedTuple):
    """A histogram: how many readings lie in each bucket, the last one without an upper bound, and their sum in ms."""

    counts: tuple[int, ...]
    total_ms: int

    def cumulative(self) -> list[tuple[str, float]]:
        """Return the buckets as an exposition has them: upper bounds in seconds, counts up to each."""
        bounds = [*(f"{edge}" for edge in seconds(BUCKETS)), "+Inf"]
        return list(zip(bounds, map(float, accumulate(self.counts)), strict=True))

    @property
    def seconds(self) -> float:
        """The sum of all readings."""
        return self.total_ms / SECOND


NO_READINGS: Final = Readings((0,) * (len(BUCKETS) + 1), 0)

Words = tuple[str, ...]
Series = dict[Words, float]
Values = dict[str, Series]
Histograms = dict[str, dict[Words, Readings]]


def zeros(names: Sequence[str], platforms: Sequence[str]) -> Values:
    """Return the zeros that these metrics start with, for the ones that have any; no partitions."""
    listed = {Source.REGISTRY: platforms}
    return {name: dict.fromkeys(label_sets(named(name), listed), 0.0) for name in names if named(name).zeros}
