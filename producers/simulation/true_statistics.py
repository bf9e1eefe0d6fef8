"""The true answers about a set of simulated reports, by plain sorting: no ledger, no estimator.

The model knows how every report ends, also after the end of the span, so nothing here is censored.
"""

from bisect import bisect_right
from collections.abc import Sequence
from math import inf
from statistics import median
from typing import Final, NamedTuple

from streams.domain.grid import DAY, SECOND

Answer = dict[str, float | int | None]
"""The figures of one clock; None where a value is not reached or does not exist."""


class Case(NamedTuple):
    """One real report: when it was filed, first told, ended, and when each clock stopped; None for never.

    A report is seen when it is acknowledged, or when anything else shows that it was not overlooked.
    """

    at: int
    told_at: int | None
    ended_at: int | None
    seen_at: int | None
    decided_at: int | None
    acted_at: int | None


CLOCKS: Final = {
    "time_to_acknowledge": Case._fields.index("seen_at"),
    "time_to_decision": Case._fields.index("decided_at"),
    "time_to_action": Case._fields.index("acted_at"),
}
"""The clocks, each with the place of its stop in a case."""


def answers(cases: Sequence[Case], until_ms: int) -> dict[str, Answer]:
    """Return the figures of every clock; the closed-only median is of what had stopped by `until_ms`."""
    return {clock: _answer(cases, place, until_ms) for clock, place in CLOCKS.items()}


def _answer(cases: Sequence[Case], place: int, until_ms: int) -> Answer:
    took = sorted(_took(case, place) for case in cases)
    closed = [stop - case.at for case in cases if (stop := case[place]) is not None and stop <= until_ms]
    middle = took[(len(took) - 1) // 2] if took else inf
    return {
        "stopped": sum(duration < inf for duration in took),
        "median_seconds": None if middle == inf else middle / SECOND,
        "share_within_24h": bisect_right(took, DAY) / len(took) if took else None,
        "closed_only_median_seconds": median(closed) / SECOND if closed else None,
    }


def within(cases: Sequence[Case], place: int, limit_ms: int) -> float | None:
    """Return which share of all cases stopped within `limit_ms` of their filing; None where there is no case."""
    if not cases:
        return None
    return sum(_took(case, place) <= limit_ms for case in cases) / len(cases)


def _took(case: Case, place: int) -> float:
    stop = case[place]
    return inf if stop is None else stop - case.at


def ranks(figures: dict[str, float | int | None], *, smallest_first: bool) -> dict[str, int]:
    """Return each name's rank from 1; equal figures share one, names without a figure share the last."""
    worst = inf if smallest_first else -inf
    values = {name: worst if value is None else value for name, value in figures.items()}
    ordered = sorted(values.values(), reverse=not smallest_first)
    return {name: ordered.index(value) + 1 for name, value in values.items()}
