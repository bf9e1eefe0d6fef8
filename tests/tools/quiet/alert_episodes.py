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

_ONCE: Final = re.compile(r":max$")
_POINTS: Final = 10_000


class Episode(NamedTuple):
    """A time over which an alert fired for some labels, in epoch seconds."""

    alert: str
    labels: Labels
    began: float
    ended: float


def inlined(expr: str) -> str:
    """Return an expression with every recording of the second layer in place of its name.

    ValueError for one that is looked back upon: what it said earlier is not to be had from its expression.
    """
    for recording in reversed(RECORDINGS):
        if not _ONCE.search(recording.record):
            if re.search(rf"{recording.record}(\[| offset)", expr):
                raise ValueError(f"{recording.record}: expected no look back on a recording of the second layer")
            expr = re.sub(rf"{recording.record}(?!\w)", f"({recording.expr})".replace("\\", r"\\"), expr)
    return expr


def episodes(prometheus: Prometheus, alert: Alert, begins: int, ends: int, step: int) -> Iterator[Episode]:
    """Yield every episode of an alert between two instants, looked at every `step` seconds."""
    held: dict[Labels, list[float]] = {}
    expr = inlined(alert.expr)
    for start in range(begins, ends, _POINTS * step):
        span = {"start": f"{start}", "end": f"{min(start + (_POINTS - 1) * step, ends)}", "step": f"{step}"}
        for series in prometheus.get("/api/v1/query_range", query=expr, **span)["result"]:
            held.setdefault(labels_of(series["metric"]), []).extend(float(at) for at, _ in series["values"])
    for labels, instants in held.items():
        for began, ended in fired(instants, step, seconds(alert.for_), seconds(alert.keep_firing_for)):
            yield Episode(alert.name, labels, began, ended)


def fired(instants: Sequence[float], step: int, wait: float, keep: float) -> Iterator[tuple[float, float]]:
    """Yield first and last instant of every time an alert fires whose expression holds at `instants`, in order.

    It fires when it has held for `wait`; then all that holds again before `keep` has passed prolongs it.
    """
    began = until = -math.inf
    for first, last in _runs(instants, step):
        if first <= until + step:
            until = last + keep
        elif last - first >= wait:
            if began > -math.inf:
                yield began, until
            began, until = first + wait, last + keep
    if began > -math.inf:
        yield began, until


def _runs(instants: Sequence[float], step: int) -> Iterator[tuple[float, float]]:
    """Yield first and last instant of every stretch without a gap."""
    began = last = instants[0]
    for instant in [*instants[1:], math.inf]:
        if instant - last > step:
            yield began, last
            began = instant
        last = instant
