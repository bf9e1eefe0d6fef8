"""When an alert would have fired over a history: its expression asked of a real Prometheus, `for` worked out here.

Recordings that look back in time are put in place of their names, so nothing but the history has to be there. What
holds at every step for as long as the alert waits, fires; that is what Prometheus does with steps as its interval.
"""

import math
import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from dashboards.rules.alert import Alert
from dashboards.rules.recording.rules import RECORDINGS
from tests.support.monitoring.durations import seconds
from tests.support.monitoring.prometheus import Labels, Prometheus, labels_of

_MAX_SUFFIX: Final = re.compile(r":max$")
_MAX_POINTS_PER_QUERY: Final = 10_000


class Episode(NamedTuple):
    """A time over which an alert fired for some labels, in epoch seconds."""

    alert: str
    labels: Labels
    began: float
    ended: float


def inline_recordings(expr: str) -> str:
    """Return an expression with every recording of the second layer in place of its name.

    ValueError for one that is looked back upon: what it said earlier is not to be had from its expression.
    """
    for recording in reversed(RECORDINGS):
        if not _MAX_SUFFIX.search(recording.record):
            if re.search(rf"{recording.record}(\[| offset)", expr):
                raise ValueError(f"{recording.record}: expected no look back on a recording of the second layer")
            expr = re.sub(rf"{recording.record}(?!\w)", f"({recording.expr})".replace("\\", r"\\"), expr)
    return expr


def alert_episodes(prometheus: Prometheus, alert: Alert, begins: int, ends: int, step: int) -> Iterator[Episode]:
    """Yield every episode of an alert between two instants, looked at every `step` seconds."""
    held: dict[Labels, list[float]] = {}
    expr = inline_recordings(alert.expr)
    for start in range(begins, ends, _MAX_POINTS_PER_QUERY * step):
        span = {
            "start": f"{start}",
            "end": f"{min(start + (_MAX_POINTS_PER_QUERY - 1) * step, ends)}",
            "step": f"{step}",
        }
        for series in prometheus.get("/api/v1/query_range", query=expr, **span)["result"]:
            held.setdefault(labels_of(series["metric"]), []).extend(float(at) for at, _ in series["values"])
    for labels, instants in held.items():
        for began, ended in firing_periods(instants, step, seconds(alert.for_), seconds(alert.keep_firing_for)):
            yield Episode(alert.name, labels, began, ended)


def firing_periods(
    instants: Sequence[float], step: int, for_seconds: float, keep_firing_seconds: float
) -> Iterator[tuple[float, float]]:
    """Yield first and last instant of every time an alert fires whose expression holds at `instants`, in order.

    It fires when it has held for `wait`; then all that holds again before `keep` has passed prolongs it.
    """
    began = until = -math.inf
    for first, last in _consecutive_instants(instants, step):
        if first <= until + step:
            until = last + keep_firing_seconds
        elif last - first >= for_seconds:
            if began > -math.inf:
                yield began, until
            began, until = first + for_seconds, last + keep_firing_seconds
    if began > -math.inf:
        yield began, until


def _consecutive_instants(instants: Sequence[float], step: int) -> Iterator[tuple[float, float]]:
    """Yield first and last instant of every stretch without a gap."""
    began = last = instants[0]
    for instant in [*instants[1:], math.inf]:
        if instant - last > step:
            yield began, last
            began = instant
        last = instant
