"""An outage of the broker in few lines: when it begins, once a minute while it lasts, and when it ends."""

from typing import Final

_EVERY_MS: Final = 60_000
_SETTLING_MS: Final = 10_000
"""For so long after an outage clients still say what they met in it."""


class Outage:
    """What is known of the broker, and what is said about it; all times in epoch milliseconds.

    `held` counts the messages of client libraries that were not logged since the last line.
    """

    def __init__(self, broker: str) -> None:
        self._broker = broker
        self._since: int | None = None
        self._said_at = 0
        self._ended_at: int | None = None
        self.held = 0

    @property
    def lasting(self) -> bool:
        """Whether no broker answered when it was last tried."""
        return self._since is not None

    def holds_back(self, now: int) -> bool:
        """Return whether a message of a client library is part of an outage, and not worth a line; count it if so."""
        settling = self._ended_at is not None and 0 <= now - self._ended_at < _SETTLING_MS
        if self.lasting or settling:
            self.held += 1
            return True
        return False

    def tried(self, problem: str | None, now: int) -> str | None:
        """Return the line that is due after the broker was tried; `problem` says why it cannot be used, None: it can."""
        if self._since is None:
            return None if problem is None else self._begin(problem, now)
        if problem is None:
            return self._end(now)
        if now - self._said_at >= _EVERY_MS:
            self._said_at = now
            return f"{problem}, for {_seconds(now - self._since)}{self._held()}"
        return None

    def _begin(self, problem: str, now: int) -> str:
        self._since = self._said_at = now
        self.held = 0
        return f"{problem}; it is tried again until one answers"

    def _end(self, now: int) -> str:
        assert self._since is not None
        lasted, self._since, self._ended_at = now - self._since, None, now
        return f"the broker at {self._broker} answers again after {_seconds(lasted)}{self._held()}"

    def _held(self) -> str:
        held, self.held = self.held, 0
        return f" ({held} messages of client libraries were held back)" if held else ""


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.0f} s"
