"""Builds PromQL selectors, and rejects names and labels that the metric catalogue does not declare."""

from typing import Final

from streams.contract.metrics.all_metrics import metric_by_name
from streams.contract.metrics.metric import LabelSource, MetricKind

HISTOGRAM_PARTS: Final = ("bucket", "count", "sum")


def select(name: str, part: str = "", **labels: str) -> str:
    """Return a selector for the metric `name`; `part` is one of `HISTOGRAM_PARTS` for a histogram.

    A label value after `~` is a regular expression; `!word` matches every value except `word`. Raises ValueError for
    a histogram without a part, for a label that the catalogue does not declare, and for a value that the label does
    not have.
    """
    metric = metric_by_name(name)
    if (metric.kind is MetricKind.HISTOGRAM) != (part in HISTOGRAM_PARTS):
        raise ValueError(f"{name}: expected one of {HISTOGRAM_PARTS} for a histogram and nothing else, got {part!r}")
    declared = {label.name: label.values for label in metric.labels}
    matchers = [_matcher(label, value, declared) for label, value in labels.items()]
    suffix = f"_{part}" if part else ""
    return f"{name}{suffix}{{{','.join(matchers)}}}" if matchers else f"{name}{suffix}"


def select_once(name: str, part: str = "", **labels: str) -> str:
    """Return a metric with one series for all boards: boards export equal values, so the maximum is right."""
    return f"max without (instance, job) ({select(name, part, **labels)})"


def _matcher(label: str, value: str, declared: dict[str, tuple[str, ...] | LabelSource]) -> str:
    if label not in declared:
        raise ValueError(f"{label}: expected one of the labels {sorted(declared)}")
    if value.startswith("~"):
        return f'{label}=~"{value[1:]}"'
    words, word = declared[label], value.removeprefix("!")
    if not isinstance(words, LabelSource) and word not in words:
        raise ValueError(f"{label}: expected one of {words}, got {word!r}")
    return f'{label}{"=" if word == value else "!="}"{word}"'
