"""What is done to the series of a history: samples that are missing, counters that begin anew, more or fewer events."""

from collections.abc import Sequence
from typing import Final

from streams.contract.metrics.all_metrics import METRICS
from streams.contract.metrics.metric import MetricKind, Process
from tests.support.monitoring.durations import seconds
from tests.system.alerts.scenarios import AlertScenario
from tests.system.alerts.series_notation import STALE, Values, expand_notation

History = dict[str, Values]
"""Values of every series at each step, by its name with labels."""

_METRICS: Final = {metric.name: metric for metric in METRICS}
_FOREIGN_PREFIXES: Final = ("prometheus_", "alertmanager_")


def name_of(series: str) -> str:
    """Return the name of a series without its labels."""
    return series.partition("{")[0]


def is_exported_by_board(series: str) -> bool:
    """Whether boards export a series."""
    metric = _METRICS.get(name_of(series))
    return metric is not None and metric.process is Process.BOARD


def is_counter(series: str) -> bool:
    """Whether a series is a counter, ours or one of Prometheus and Alertmanager."""
    metric = _METRICS.get(name_of(series))
    return series.startswith(_FOREIGN_PREFIXES) if metric is None else metric.kind is MetricKind.COUNTER


def is_volume(series: str) -> bool:
    """Whether a series counts events or reports."""
    return (is_exported_by_board(series) and is_counter(series)) or name_of(series) == "safeclock_objective_reports"


def scenario_history(tale: AlertScenario, until: float) -> History:
    """Return the history of a tale up to a moment, in seconds."""
    steps = int(until / seconds(tale.step)) + 1
    return {name: expand_notation(values.replace("N", f"{steps}"), steps) for name, values in tale.series.items()}


def with_gap(values: Values, first: int, last: int) -> Values:
    """Return values without those from step `first` up to `last`."""
    return [*values[:first], *[None] * len(values[first:last]), *values[last:]]


def with_failed_scrapes(values: Values, first: int, last: int) -> Values:
    """Return the same where the target does not answer meanwhile: Prometheus marks the series as gone."""
    return [*values[:first], *([STALE] + [None] * (last - first))[: len(values[first:last])], *values[last:]]


def with_counter_reset(name: str, values: Values, at: int) -> Values:
    """Return the values of a counter that begins at zero with its process; a board restores what it shows."""
    if is_exported_by_board(name) or not is_counter(name):
        return values
    start = next((value for value in values[at:] if value is not None), 0.0)
    return [*values[:at], *(None if value is None else value - start for value in values[at:])]


def with_two_boards(history: History, first: int, last: int) -> History:
    """Return a history that two boards tell: the first does not answer for a while, the other is one step late."""
    others = {name: values for name, values in history.items() if not is_exported_by_board(name) or "instance=" in name}
    ours = {name: values for name, values in history.items() if name not in others}
    one = {_with_instance(name, "b1"): with_failed_scrapes(values, first, last) for name, values in ours.items()}
    other: History = {_with_instance(name, "b2"): [None, *values[:-1]] for name, values in ours.items()}
    return others | one | other


def _with_instance(series: str, board: str) -> str:
    name, _, labels = series.partition("{")
    return f'{name}{{instance="{board}",job="board"{"," if labels else ""}{labels or "}"}'


def with_trend(name: str, values: Sequence[float | None], trend: float) -> Values:
    """Return a gauge, or the growth of a counter, times a factor that changes by `trend` at every step."""
    if not is_counter(name):
        return [None if value is None else value * (1 + trend * step) for step, value in enumerate(values)]
    total, last, changed = 0.0, 0.0, Values()
    for step, value in enumerate(values):
        if value is not None:
            total, last = total + (value - last) * (1 + trend * step), value
        changed.append(None if value is None else total)
    return changed
