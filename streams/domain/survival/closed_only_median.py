"""The closed-only median, which transparency reports print.

The closed-only median is shown beside the median and never instead of it: a platform that leaves reports open looks
fast in it.
"""

from streams.domain.duration_bins import EDGES, HOUR, OVERFLOW_BIN, SECOND
from streams.domain.survival.risk_table import STOPPED, Cells


def closed_only_median(cells: Cells, interest: int = STOPPED) -> float | None:
    """Return the median of the reports with the ending of interest, in seconds; None if there are none.

    Every such report counts, even if it was logged late. A duration is read as the upper edge of its bin, and the
    median of an even number is the mean of the two in the middle. None also where the median lies above the last edge.
    """
    middle = _median_ms(cells, interest)
    return None if middle is None else middle / SECOND


def whole_hour_median(cells: Cells, interest: int = STOPPED) -> int | None:
    """Return the same median in hours, rounded half up to a whole one, as transparency templates print it."""
    middle = _median_ms(cells, interest)
    return None if middle is None else int((middle + HOUR // 2) // HOUR)


def _median_ms(cells: Cells, interest: int) -> float | None:
    closed: dict[int, int] = {}
    for (_, leaving, ending), count in cells.items():
        if ending == interest and count:
            closed[leaving] = closed.get(leaving, 0) + count
    n = sum(closed.values())
    if not n:
        return None
    lower, upper = _bin_of_rank(closed, (n + 1) // 2), _bin_of_rank(closed, n // 2 + 1)
    return None if upper == OVERFLOW_BIN else (EDGES[lower] + EDGES[upper]) / 2


def _bin_of_rank(closed: dict[int, int], rank: int) -> int:
    """Return the bin of the `rank`-th smallest duration, counted from 1."""
    reached = 0
    for position in sorted(closed):
        reached += closed[position]
        if reached >= rank:
            return position
    raise ValueError(f"expected a rank of at most {reached}, got {rank}")
