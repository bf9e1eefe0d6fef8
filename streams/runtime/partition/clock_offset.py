"""How far this host's clock is off the broker's: time that is judged by the broker's stamps must be the broker's."""

from typing import Final

_UNKNOWN: Final = 1 << 62


class ClockOffset:
    """What stamps of the broker say about our clock: an interval, in milliseconds, that holds how far it is ahead.

    A stamp that was made between two readings of our clock bounds the offset on both sides, as an answer of a time
    server does (RFC 5905), and every further one can only narrow it.
    """

    def __init__(self) -> None:
        self._least = -_UNKNOWN
        self._most = _UNKNOWN

    def observe(self, before: int, stamp: int | None, after: int) -> None:
        """Take note that the broker stamped `stamp` between our instants `before` and `after`; None says nothing."""
        if stamp is None:
            return
        least, most = before - stamp, after - stamp
        if most < self._least or least > self._most:  # one of the clocks was set
            self._least, self._most = least, most
        else:
            self._least, self._most = max(self._least, least), min(self._most, most)

    @property
    def known(self) -> bool:
        """Whether the broker has stamped anything."""
        return self._least > -_UNKNOWN

    @property
    def ahead(self) -> int:
        """How far our clock is ahead of the broker's, in milliseconds, at least; behind it if negative, 0 if unknown."""
        return max(0, self._least) + min(0, self._most)
