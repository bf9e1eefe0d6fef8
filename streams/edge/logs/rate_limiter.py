"""Limit equal log messages: the first is logged at once, then one a minute with the number of suppressed ones."""

from typing import Final

_INTERVAL_MS: Final = 60_000
_MAX_KINDS: Final = 256


class LogRateLimiter:
    """Decides for messages of one kind (a key) when the next one is logged; times in milliseconds.

    The number of remembered kinds is bounded: beyond it, the oldest kind is removed, and is logged at once again.
    """

    def __init__(self, interval_ms: int = _INTERVAL_MS) -> None:
        self._interval_ms = interval_ms
        self._kinds: dict[str, tuple[int, int]] = {}

    def admit(self, kind: str, now: int) -> int | None:
        """Return how many messages of this kind were suppressed since the last one, or None to suppress this one."""
        logged_at, suppressed = self._kinds.get(kind, (None, 0))
        if logged_at is not None and 0 <= now - logged_at < self._interval_ms:
            self._kinds[kind] = (logged_at, suppressed + 1)
            return None
        self._kinds.pop(kind, None)
        if len(self._kinds) >= _MAX_KINDS:
            del self._kinds[next(iter(self._kinds))]
        self._kinds[kind] = (now, 0)
        return suppressed


def with_suppressed_count(message: str, suppressed: int) -> str:
    """Return a message with the number of similar messages that were not logged."""
    return f"{message} ({suppressed} more like this since the last line)" if suppressed else message
