"""The parts of a metric: kinds, labels and label values.

A label's values are closed words, or come from the registry, or are partition numbers, but never identify a report.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import product
from typing import Final, NamedTuple

from streams.domain.clocks.standard import STANDARD_CLOCKS
from streams.domain.clocks.state_machine import STATES
from streams.domain.duration_bins import DAY, HOUR, SECOND
from streams.domain.integrity.checks import CHECK_NAMES
from streams.domain.ledger.counters import DURATION_BUCKETS
from streams.domain.vocabulary import Outcome, RefusalReason


class MetricKind(StrEnum):
    """The type of a metric in Prometheus; an info is a gauge with the value 1 whose labels are the content."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    INFO = "info"


class Process(StrEnum):
    """The process that exports a metric."""

    BOARD = "board"
    WORKER = "worker"


class LabelSource(StrEnum):
    """The source of a label's values if they are not closed words."""

    REGISTRY = "registry"
    PARTITIONS = "partitions"
    RELEASE = "release"
    DECLARATIONS = "declarations of verdicts"
    PACK = "clocks of the rule packs"
    PACK_LIMITED = "clocks of the rule packs that have a limit"
    PACK_PAUSING = "clocks of the rule packs that pause"


class Label(NamedTuple):
    """A label; `values` are its closed words, or their source."""

    name: str
    values: tuple[str, ...] | LabelSource


class Metric(NamedTuple):
    """A metric as exported; `name` includes the suffix.

    `bucket_edges`: upper bounds of a histogram in milliseconds. `max_series`: maximum number of series per platform,
    partition or process. `starts_at_zero`: whether every label set starts at zero; if not, a series is absent until it
    has a value.
    """

    name: str
    kind: MetricKind
    help: str
    process: Process
    labels: tuple[Label, ...] = ()
    bucket_edges: tuple[int, ...] = ()
    max_series: int = 1
    starts_at_zero: bool = False


HISTOGRAM_EDGES: Final = DURATION_BUCKETS
"""Upper bounds of every duration histogram, in milliseconds: edges of duration bins, so counts are exact."""

COHORT_LIMITS: Final[Mapping[str, int]] = {"1h": HOUR, "24h": DAY, "48h": 2 * DAY, "7d": 7 * DAY}
"""Limits of the cohort shares by their label, in milliseconds; each is an edge of a duration bin."""

COHORT_WEEKS: Final = 14
"""Number of exported weekly cohorts: the current ISO week and the thirteen before it (a quarter)."""

RECENT_COHORT: Final = "recent"
"""The cohort of all filings in the exported weeks together."""

UNKNOWN_PLATFORM: Final = "unknown"
"""The platform label of a refused event that names no registered platform."""

STANDARD_CLOCK_IDS: Final = tuple(clock.id for clock in STANDARD_CLOCKS)
TIMINGS: Final = ("live", "late")
COHORTS: Final = (RECENT_COHORT, *(f"week-{weeks:02}" for weeks in range(COHORT_WEEKS)))
BOUNDS: Final = ("estimate", "low", "high")
STATISTICS: Final = ("median", "p90")
PERIODS: Final = ("current", "previous")

PLATFORM: Final = Label("platform", LabelSource.REGISTRY)
PARTITION: Final = Label("partition", LabelSource.PARTITIONS)
CLOCK: Final = Label("clock", STANDARD_CLOCK_IDS)
ANY_CLOCK: Final = Label("clock", LabelSource.PACK)
LIMITED_CLOCK: Final = Label("clock", LabelSource.PACK_LIMITED)
PAUSING_CLOCK: Final = Label("clock", LabelSource.PACK_PAUSING)
PERIOD: Final = Label("period", PERIODS)
COHORT: Final = Label("cohort", COHORTS)
BOUND: Final = Label("bound", BOUNDS)
OUTCOME: Final = Label("outcome", tuple(Outcome))
REASON: Final = Label("reason", tuple(RefusalReason))
TIMING: Final = Label("timing", TIMINGS)
STATE: Final = Label("state", STATES)
STATISTIC: Final = Label("statistic", STATISTICS)
CHECK: Final = Label("check", CHECK_NAMES)


def bucket_bounds_seconds(edges: Sequence[int]) -> tuple[float, ...]:
    """Return `edges` (milliseconds) as the bucket bounds of an exposition."""
    return tuple(edge / SECOND for edge in edges)


def label_sets(metric: Metric, open_values: Mapping[LabelSource, Sequence[str]]) -> Iterator[tuple[str, ...]]:
    """Return every label set of `metric`, in the order of its labels; `open_values` are the values by label source."""
    values = (
        open_values[label.values] if isinstance(label.values, LabelSource) else label.values for label in metric.labels
    )
    return product(*values)


BUDGETED_CLOCKS: Final = 18
"""Number of clocks in every `max_series`: three standard ones and a pack of fifteen; more clocks need more series."""


def platform_counter(name: str, text: str, *labels: Label, max_series: int = 1) -> Metric:
    """Return a product counter by platform that starts at zero."""
    return Metric(
        f"safeclock_{name}_total",
        MetricKind.COUNTER,
        text,
        Process.BOARD,
        (PLATFORM, *labels),
        max_series=max_series,
        starts_at_zero=True,
    )


def board_gauge(name: str, text: str, *labels: Label, max_series: int = 1, starts_at_zero: bool = False) -> Metric:
    """Return a product gauge."""
    return Metric(
        f"safeclock_{name}",
        MetricKind.GAUGE,
        text,
        Process.BOARD,
        labels,
        max_series=max_series,
        starts_at_zero=starts_at_zero,
    )
