"""Metric values as they are exported: by metric and label words, in the order of the catalogue's labels."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from streams.contract.metrics.catalogue import named
from streams.contract.metrics.metric import Source, label_sets, seconds
from streams.contract.packs.exported_clocks import Watched
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


def listed(platforms: Sequence[str], clocks: Iterable[Watched]) -> dict[Source, Sequence[str]]:
    """Return what open labels take on a board, partitions left out."""
    told = list(clocks)
    return {
        Source.REGISTRY: platforms,
        Source.PACK: [clock.id for clock in told],
        Source.PACK_LIMITED: [clock.id for clock in told if clock.limited],
        Source.PACK_PAUSING: [clock.id for clock in told if clock.pauses],
    }


def zeros(names: Sequence[str], listed: Mapping[Source, Sequence[str]]) -> Values:
    """Return the zeros that these metrics start with, for the ones that have any; no partitions."""
    return {name: dict.fromkeys(label_sets(named(name), listed), 0.0) for name in names if named(name).zeros}
