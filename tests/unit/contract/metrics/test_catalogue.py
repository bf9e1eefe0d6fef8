import re
from math import prod

import pytest

from streams.contract.metrics.all_metrics import BUDGETED_CLOCKS, MAX_SERIES_PER_PLATFORM, METRICS, metric_by_name
from streams.contract.metrics.metric import COHORT_LIMITS, HISTOGRAM_EDGES, LabelSource, Metric, MetricKind, label_sets
from streams.contract.packs.file import load_rulebook
from streams.contract.registry.registry import Registry
from streams.domain.duration_bins import edge_index
from tests.support.paths import CHILDREN_PACK

LISTED: dict[LabelSource, tuple[str, ...]] = {
    **dict.fromkeys(
        (LabelSource.REGISTRY, LabelSource.PARTITIONS, LabelSource.RELEASE, LabelSource.DECLARATIONS), ("one",)
    ),
    **dict.fromkeys(
        (LabelSource.PACK, LabelSource.PACK_LIMITED, LabelSource.PACK_PAUSING),
        tuple(f"clock-{n}" for n in range(BUDGETED_CLOCKS)),
    ),
}


def series(metric: Metric) -> int:
    """Return how many series a metric costs per platform, partition or process."""
    each = len(metric.bucket_edges) + 3 if metric.kind is MetricKind.HISTOGRAM else 1
    return each * sum(1 for _ in label_sets(metric, LISTED))


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_metric_keeps_to_its_budget(metric: Metric) -> None:
    assert series(metric) <= metric.max_series


def test_one_platform_costs_no_more_than_its_budget_with_the_children_s_pack() -> None:
    of_platforms = [metric for metric in METRICS if any(label.name == "platform" for label in metric.labels)]

    assert sum(map(series, of_platforms)) <= MAX_SERIES_PER_PLATFORM
    assert len(load_rulebook([CHILDREN_PACK], Registry.accepting_all(), 0).clocks) == BUDGETED_CLOCKS


def test_no_name_is_declared_twice_and_every_one_is_found() -> None:
    names = [metric.name for metric in METRICS]

    assert len(set(names)) == len(names)
    assert all(metric_by_name(metric.name) is metric for metric in METRICS)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_name_says_what_it_counts_and_help_is_a_sentence(metric: Metric) -> None:
    assert re.fullmatch(r"safeclock_[a-z][a-z0-9_]*", metric.name)
    assert metric.name.endswith("_total") == (metric.kind is MetricKind.COUNTER)
    assert metric.name.endswith("_info") == (metric.kind is MetricKind.INFO)
    assert bool(metric.bucket_edges) == (metric.kind is MetricKind.HISTOGRAM)
    assert metric.help.endswith(".")


def test_every_edge_and_every_limit_is_on_the_grid_so_that_counts_are_exact() -> None:
    for edge in (*HISTOGRAM_EDGES, *COHORT_LIMITS.values()):
        edge_index(edge)

    assert set(COHORT_LIMITS.values()) <= set(HISTOGRAM_EDGES)


def test_a_histogram_says_that_it_holds_closed_reports_only() -> None:
    assert all(
        metric.help.startswith("Closed reports only") for metric in METRICS if metric.kind is MetricKind.HISTOGRAM
    )


def test_every_counter_starts_at_zero() -> None:
    assert all(metric.starts_at_zero for metric in METRICS if metric.kind in (MetricKind.COUNTER, MetricKind.HISTOGRAM))


def test_label_sets_come_in_the_order_of_the_labels() -> None:
    metric = metric_by_name("safeclock_overdue_reports")

    sets = list(label_sets(metric, {**LISTED, LabelSource.REGISTRY: ("harbor", "lantern")}))

    assert sets[0] == ("harbor", "clock-0")
    assert len(sets) == prod((2, BUDGETED_CLOCKS))
