"""An outage of the broker in few lines: when it begins, once a minute while it lasts, and when it ends."""

from typing import Final

_LINE_INTERVAL_MS: Final = 60_000
_GRACE_MS: Final = 10_000
"""For so long after an outage clients still say what they met in it."""


class BrokerOutage:
    """What is known of the broker, and what is said about it; all times in epoch milliseconds.

    `held` counts the messages of client libraries that were not logged since the last line.
    """

    def __init__(self, broker: str) -> None:
        self._broker = broker
        self._started_at: int | None = None
        self._last_line_at = 0
        self._ended_at: int | None = None
        self.suppressed = 0

    @property
    def is_ongoing(self) -> bool:
        """Whether no broker answered when it was last tried."""
        return self._started_at is not None

    def is_suppressed(self, now: int) -> bool:
        """Return whether a message of a client library is part of an outage, and not worth a line; count it if so."""
        settling = self._ended_at is not None and 0 <= now - self._ended_at < _GRACE_MS
        if self.is_ongoing or settling:
            self.suppressed += 1
            return True
        return False

    def apply_probe(self, problem: str | None, now: int) -> str | None:
        """Return the line that is due after the broker was tried; `problem` says why it cannot be used, None: it can."""
        if self._started_at is None:
            return None if problem is None else self._start(problem, now)
        if problem is None:
            return self._end(now)
        if now - self._last_line_at >= _LINE_INTERVAL_MS:
            self._last_line_at = now
            return f"{problem}, for {_format_seconds(now - self._started_at)}{self._drain_suppressed()}"
        return None

    def _start(self, problem: str, now: int) -> str:
        self._started_at = self._last_line_at = now
        self.suppressed = 0
        return f"{problem}; it is tried again until one answers"

    def _end(self, now: int) -> str:
        assert self._started_at is not None
        lasted, self._started_at, self._ended_at = now - self._started_at, None, now
        return f"the broker at {self._broker} answers again after {_format_seconds(lasted)}{self._drain_suppressed()}"

    def _drain_suppressed(self) -> str:
        held, self.suppressed = self.suppressed, 0
        return f" ({held} messages of client libraries were held back)" if held else ""


def _format_seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.0f} s"
