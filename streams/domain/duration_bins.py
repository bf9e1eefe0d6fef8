"""The fixed list of duration bins in which cohorts store clock values.

Bin `i` holds the durations `EDGES[i - 1] < d <= EDGES[i]` (bin 0: `d <= EDGES[0]`), so that "within a limit" is exact
for every limit that is an edge. Do not change the edges: a new edge would not be exact for evicted reports.
"""

from bisect import bisect_left
from typing import Final

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

FOREVER_MS: Final = 1 << 62
"""An instant later than every instant, and a duration longer than every duration, in milliseconds."""

# Edges at whole minutes, hours and days leave gaps; further edges fill every gap that is wider than 2 %.
_MAX_STEP: Final = 1.02


def _fill_gaps(edges: list[int]) -> list[int]:
    """Return `edges` with geometric steps of at most 2 % between neighbours, in whole seconds."""
    filled = edges[:1]
    for upper in edges[1:]:
        step = filled[-1] * _MAX_STEP
        while upper > step:
            filled.append(int(step // SECOND) * SECOND)
            step = filled[-1] * _MAX_STEP
        filled.append(upper)
    return filled


def _compute_edges() -> tuple[int, ...]:
    minutes = range(MINUTE, 2 * HOUR + 1, MINUTE)
    hours = range(HOUR, 14 * DAY + 1, HOUR)
    days = range(DAY, 400 * DAY + 1, DAY)
    return tuple(_fill_gaps(sorted({*minutes, *hours, *days})))


EDGES: Final = _compute_edges()
"""Upper edges of the bins, in milliseconds, ascending; the last is 400 days."""

OVERFLOW_BIN: Final = len(EDGES)
"""The bin of durations above the last edge."""


def bin_of(duration: int) -> int:
    """Return the bin of a duration in milliseconds; OVERFLOW_BIN above the last edge."""
    return bisect_left(EDGES, duration)


def edge_index(duration: int) -> int:
    """Return the index of the edge that equals `duration`.

    Raises ValueError for a duration that is no edge.
    """
    index = bisect_left(EDGES, duration)
    if index == OVERFLOW_BIN or EDGES[index] != duration:
        message = (
            f"expected an edge of the bins (whole minutes to 2 h, hours to 14 d, days to 400 d), got {duration} ms"
        )
        raise ValueError(message)
    return index
