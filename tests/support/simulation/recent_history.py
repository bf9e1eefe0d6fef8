"""A simulated history that ended some weeks ago: everything in it has come due, nothing in it is forgotten yet."""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise

from producers.simulation.model.config import SimulationConfig
from producers.simulation.traffic import history_lines
from streams.domain.duration_bins import DAY
from streams.edge.clock import wall_clock_ms

DEFAULT_AGE_MS = 21 * DAY


def midnight_before(age_ms: int) -> int:
    """Return the last midnight (UTC) that lies `ago` milliseconds back, in epoch milliseconds.

    Workers let time pass up to the wall clock, so that a history has to lie where it can be remembered.
    """
    return (wall_clock_ms() - age_ms) // DAY * DAY


@cache
def recent_plan(reports: int, weeks: int, ended_ago: int = DEFAULT_AGE_MS) -> SimulationConfig:
    """Return the plan of about `reports` reports filed in `weeks` weeks."""
    return SimulationConfig.ending_at(midnight_before(ended_ago), seed=7, weeks=weeks, reports=reports)


@cache
def event_lines(plan: SimulationConfig) -> tuple[bytes, ...]:
    """Return the lines of a plan's history, in the order in which they were told."""
    return tuple(history_lines(plan))


def split_lines(lines: Sequence[bytes], count: int) -> Iterator[Sequence[bytes]]:
    """Yield consecutive parts of about the same size."""
    edges = [len(lines) * place // count for place in range(count + 1)]
    return (lines[begin:end] for begin, end in pairwise(edges))
