"""Where durations lie, seen from a limit."""

from bisect import bisect_left
from enum import IntEnum, auto
from typing import NamedTuple

from streams.domain.grid import DAY, EDGES, HOUR, MINUTE, TOP


class Side(IntEnum):
    """In the stretch just below a limit, or in one of that one's neighbours."""

    BEFORE = auto()
    BELOW = auto()
    AFTER = auto()


class Stretch(NamedTuple):
    """Bins around a limit: three stretches, the second of which ends at it, by their bounds on the grid."""

    before: int
    below: int
    limit: int
    after: int

    @property
    def neighbours(self) -> float:
        """How many times as wide the neighbours are together as the stretch below the limit."""
        below = EDGES[self.limit] - EDGES[self.below]
        return (EDGES[self.after] - EDGES[self.before] - below) / below

    def side(self, value: int) -> Side | None:
        """Return where a bin lies, None for far away."""
        if not self.before < value <= self.after:
            return None
        if value > self.limit:
            return Side.AFTER
        return Side.BELOW if value > self.below else Side.BEFORE


def stretch(limit: int) -> Stretch | None:
    """Return the stretches around a limit, each a 24th of it wide or the least that the grid has there.

    None for a limit so short or so long that the grid has no neighbours on both sides.
    """
    step = MINUTE if limit <= 2 * HOUR else HOUR if limit <= 14 * DAY else DAY
    width = max(step, limit // 24 // step * step)
    bounds = [bisect_left(EDGES, at) for at in (limit - 2 * width, limit - width, limit, limit + width)]
    return Stretch(*bounds) if limit > 2 * width and bounds[-1] < TOP else None
