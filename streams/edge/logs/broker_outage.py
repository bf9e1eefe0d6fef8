"""Report an outage of the broker in few log lines: at its begin, once a minute, and at its end."""

from typing import Final

_LINE_INTERVAL_MS: Final = 60_000
_GRACE_MS: Final = 10_000
"""How long after an outage client libraries still log errors of the outage."""


class BrokerOutage:
    """The state of an outage, and its log lines; all times in milliseconds of one clock.

    `suppressed` counts the messages of client libraries that were not logged since the last line.
    """

    def __init__(self, broker: str) -> None:
        self._broker = broker
        self._started_at: int | None = None
        self._last_line_at = 0
        self._ended_at: int | None = None
        self.suppressed = 0

    @property
    def is_ongoing(self) -> bool:
        """Whether the last probe found no usable broker."""
        return self._started_at is not None

    def is_suppressed(self, now: int) -> bool:
        """Return whether a message of a client library belongs to an outage; count such a message as suppressed."""
        is_in_grace = self._ended_at is not None and 0 <= now - self._ended_at < _GRACE_MS
        if self.is_ongoing or is_in_grace:
            self.suppressed += 1
            return True
        return False

    def apply_probe(self, problem: str | None, now: int) -> str | None:
        """Return the line to log after a probe of the broker, or None; `problem` is None if the broker can be used."""
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
        return f"{problem}; trying again until a broker answers"

    def _end(self, now: int) -> str:
        assert self._started_at is not None
        duration, self._started_at, self._ended_at = now - self._started_at, None, now
        return f"the broker at {self._broker} answers again after {_format_seconds(duration)}{self._drain_suppressed()}"

    def _drain_suppressed(self) -> str:
        count, self.suppressed = self.suppressed, 0
        return f" ({count} messages of client libraries were suppressed)" if count else ""


def _format_seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.0f} s"
