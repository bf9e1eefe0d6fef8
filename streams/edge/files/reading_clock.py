"""What is now for the lines of files: the instant after which no line can have been told."""

from collections.abc import Iterable
from pathlib import Path

from streams.edge.clock import WallClock, wall_clock_ms
from streams.edge.files.input_file import is_rereadable


def reading_clock(paths: Iterable[Path], wall_clock: WallClock = wall_clock_ms) -> WallClock:
    """Return what is now for the lines of `paths`: of files the one instant of this call, of a pipe that of reading.

    A file is judged as a whole, and the same way at every reading. A pipe may stay open for weeks, and what comes
    through it is told while it is open.
    """
    if not all(map(is_rereadable, paths)):
        return wall_clock
    begun = wall_clock()
    return lambda: begun
