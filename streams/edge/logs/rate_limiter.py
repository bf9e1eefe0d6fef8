"""Which of many equal messages are logged: the first at once, then one a minute with how many there were."""

from typing import Final

_EVERY_MS: Final = 60_000
_MOST_KEYS: Final = 256


class Seldom:
    """Decides for messages of one kind (a key) when the next one is logged; times in epoch milliseconds.

    It remembers a bounded number of kinds: of more than that, the oldest is forgotten, and logged at once again.
    """

    def __init__(self, every_ms: int = _EVERY_MS) -> None:
        self._every_ms = every_ms
        self._kinds: dict[str, tuple[int, int]] = {}

    def admit(self, kind: str, now: int) -> int | None:
        """Return how many messages of this kind were held back since the last one; None: hold this one back, too."""
        logged_at, held = self._kinds.get(kind, (None, 0))
        if logged_at is not None and 0 <= now - logged_at < self._every_ms:
            self._kinds[kind] = (logged_at, held + 1)
            return None
        self._kinds.pop(kind, None)
        if len(self._kinds) >= _MOST_KEYS:
            del self._kinds[next(iter(self._kinds))]
        self._kinds[kind] = (now, 0)
        return held


def with_count(message: str, held: int) -> str:
    """Return a message that says how many others like it were not logged."""
    return f"{message} ({held} more like this since the last line)" if held else message
