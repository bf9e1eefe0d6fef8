"""What a clock is counted under: every name spelled once."""

from streams.domain import counters
from streams.domain.clocks import Clock
from streams.domain.endings import VERDICTS
from streams.domain.grid import FOREVER_MS


class Names:
    """What one clock is counted under; `total` is its sum of durations in a cohort, `limit` FOREVER_MS where it has none."""

    __slots__ = ("clock", "key", "limit", "stopped", "stopped_ms", "total", "verdict")

    def __init__(self, clock: Clock) -> None:
        bounds = (*counters.BUCKETS, FOREVER_MS)
        self.clock = clock
        self.key = clock.key
        self.limit = FOREVER_MS if clock.limit is None else clock.limit
        self.total = clock.mark
        self.stopped = tuple(counters.stopped(clock.key, bound) for bound in bounds)
        self.stopped_ms = counters.stopped_ms(clock.key)
        self.verdict = {
            (verdict, late): counters.verdict(clock.key, verdict, late=late)
            for verdict in VERDICTS
            for late in (False, True)
        }
