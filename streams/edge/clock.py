"""The machine's clocks; no other module reads them."""

from collections.abc import Callable
from time import monotonic_ns, time_ns

WallClock = Callable[[], int]
"""Returns epoch milliseconds."""


def wall_clock_ms() -> int:
    """Return the machine's time in epoch milliseconds."""
    return time_ns() // 1_000_000


def monotonic_ms() -> int:
    """Return milliseconds since an unknown start, of a clock that never goes back."""
    return monotonic_ns() // 1_000_000
