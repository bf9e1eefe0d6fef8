"""Measure the skew between this host's clock and the broker's, since log times are read from the broker's clock."""

from streams.domain.duration_bins import FOREVER_MS


class ClockOffset:
    """An interval, in milliseconds, that contains by how much this host's clock is ahead of the broker's.

    A broker timestamp between two readings of this host's clock bounds the offset on both sides, like the response of
    a time server (RFC 5905). Every further timestamp can only narrow the interval.
    """

    def __init__(self) -> None:
        self._lower_bound = -FOREVER_MS
        self._upper_bound = FOREVER_MS

    def observe(self, before: int, broker_time: int | None, after: int) -> None:
        """Narrow the interval: the broker's clock read `broker_time` between our `before` and `after`; None is ignored."""
        if broker_time is None:
            return
        lower, upper = before - broker_time, after - broker_time
        if upper < self._lower_bound or lower > self._upper_bound:  # one of the clocks was set
            self._lower_bound, self._upper_bound = lower, upper
        else:
            self._lower_bound, self._upper_bound = max(self._lower_bound, lower), min(self._upper_bound, upper)

    @property
    def is_known(self) -> bool:
        """Whether a broker timestamp was observed."""
        return self._lower_bound > -FOREVER_MS

    @property
    def ahead_ms(self) -> int:
        """By how many milliseconds, at least, this host's clock is ahead of the broker's; negative: behind; 0: unknown."""
        return max(0, self._lower_bound) + min(0, self._upper_bound)
