"""What a metric is made of: kinds, labels and the closed words that labels take.

Labels are closed words, or come from the registry, or count partitions: never an identifier of a report.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import product
from typing import Final, NamedTuple

from streams.domain.counters import BUCKETS
from streams.domain.grid import DAY, HOUR, SECOND
from streams.domain.standard import STANDARD
from streams.domain.states import STATES
from streams.domain.tripwires.table import NAMES
from streams.domain.vocabulary import Outcome, Reason


class Kind(StrEnum):
    """What a metric is, in Prometheus' words; an info is a gauge of 1 whose labels are the value."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    INFO = "info"


class Process(StrEnum):
    """Which process exports a metric."""

    BOARD = "board"
    WORKER = "worker"


class Source(StrEnum):
    """Where a label's values come from when they are not closed words."""

    REGISTRY = "registry"
    PARTITIONS = "partitions"
    RELEASE = "release"
    PACK = "clocks of the rule packs"
    PACK_LIMITED = "clocks of the rule packs that have a limit"
    PACK_PAUSING = "clocks of the rule packs that pause"


class Label(NamedTuple):
    """A label: `values` are its closed words, or say who lists them."""

    name: str
    values: tuple[str, ...] | Source


class Metric(NamedTuple):
    """A metric as exported: `name` with its suffix, `budget` the most series per platform, partition or process.

    `edges` are the upper bounds of a histogram in milliseconds; `zeros` says that every label set starts at zero,
    otherwise a series is absent until it has a value.
    """

    name: str
    kind: Kind
    help: str
    process: Process
    labels: tuple[Label, ...] = ()
    edges: tuple[int, ...] = ()
    budget: int = 1
    zeros: bool = False


EDGES: Final = BUCKETS
"""Upper bounds of every duration histogram, in milliseconds: a subset of the domain's grid, so counts are exact."""

LIMITS: Final[Mapping[str, int]] = {"1h": HOUR, "24h": DAY, "48h": 2 * DAY, "7d": 7 * DAY}
"""Limits of the cohort shares by their label, in milliseconds; every one is an edge."""

WEEKS: Final = 14
"""Weekly filing cohorts kept in view: the current ISO week and the thirteen before it (a quarter)."""

RECENT: Final = "recent"
"""The cohort of all filings in those weeks together."""

OTHER_PLATFORM: Final = "unknown"
"""The platform label of a refused event that names no registered platform."""

CLOCKS: Final = tuple(clock.id for clock in STANDARD)
TIMINGS: Final = ("live", "late")
COHORTS: Final = (RECENT, *(f"week-{weeks:02}" for weeks in range(WEEKS)))
BOUNDS: Final = ("estimate", "low", "high")
STATISTICS: Final = ("median", "p90")
PERIODS: Final = ("current", "previous")

PLATFORM: Final = Label("platform", Source.REGISTRY)
PARTITION: Final = Label("partition", Source.PARTITIONS)
CLOCK: Final = Label("clock", CLOCKS)
ANY_CLOCK: Final = Label("clock", Source.PACK)
LIMITED_CLOCK: Final = Label("clock", Source.PACK_LIMITED)
PAUSING_CLOCK: Final = Label("clock", Source.PACK_PAUSING)
PERIOD: Final = Label("period", PERIODS)
COHORT: Final = Label("cohort", COHORTS)
BOUND: Final = Label("bound", BOUNDS)
OUTCOME: Final = Label("outcome", tuple(Outcome))
REASON: Final = Label("reason", tuple(Reason))
TIMING: Final = Label("timing", TIMINGS)
STATE: Final = Label("state", STATES)
STATISTIC: Final = Label("statistic", STATISTICS)
TRIPWIRE: Final = Label("tripwire", NAMES)


def seconds(edges: Sequence[int]) -> tuple[float, ...]:
    """Return `edges` (milliseconds) as the bucket bounds of an exposition."""
    return tuple(edge / SECOND for edge in edges)


def label_sets(metric: Metric, listed: Mapping[Source, Sequence[str]]) -> Iterator[tuple[str, ...]]:
    """Yield every label set of `metric`, in the order of its labels; `listed` gives the values of open labels."""
    words = (listed[label.values] if isinstance(label.values, Source) else label.values for label in metric.labels)
    return product(*words)
