"""How far this host's clock is off the broker's: time that is judged by the broker's stamps must be the broker's."""

from typing import Final

FOREVER_MS: Final = 1 << 62


class ClockOffset:
    """What stamps of the broker say about our clock: an interval, in milliseconds, that holds how far it is ahead.

    A stamp that was made between two readings of our clock bounds the offset on both sides, as an answer of a time
    server does (RFC 5905), and every further one can only narrow it.
    """

    def __init__(self) -> None:
        self._lower_bound = -FOREVER_MS
        self._upper_bound = FOREVER_MS

    def observe(self, before: int, broker_time: int | None, after: int) -> None:
        """Take note that the broker stamped `stamp` between our instants `before` and `after`; None says nothing."""
        if broker_time is None:
            return
        least, most = before - broker_time, after - broker_time
        if most < self._lower_bound or least > self._upper_bound:  # one of the clocks was set
            self._lower_bound, self._upper_bound = least, most
        else:
            self._lower_bound, self._upper_bound = max(self._lower_bound, least), min(self._upper_bound, most)

    @property
    def is_known(self) -> bool:
        """Whether the broker has stamped anything."""
        return self._lower_bound > -FOREVER_MS

    @property
    def ahead_ms(self) -> int:
        """How far our clock is ahead of the broker's, in milliseconds, at least; behind it if negative, 0 if unknown."""
        return max(0, self._lower_bound) + min(0, self._upper_bound)
