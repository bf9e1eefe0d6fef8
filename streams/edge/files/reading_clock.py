"""The clock for the lines of files: a line that was logged after this instant is refused."""

from collections.abc import Iterable
from pathlib import Path

from streams.edge.clock import WallClock, wall_clock_ms
from streams.edge.files.input_file import is_rereadable


def reading_clock(paths: Iterable[Path], wall_clock: WallClock = wall_clock_ms) -> WallClock:
    """Return the clock for the lines of `paths`: the instant of this call for files, the wall clock for a pipe.

    All lines of a file are compared with one instant, so that every read gives the same result. A pipe may stay open
    for weeks, and its lines are logged while it is open.
    """
    if not all(map(is_rereadable, paths)):
        return wall_clock
    started_at = wall_clock()
    return lambda: started_at
