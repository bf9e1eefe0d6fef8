"""Waiting for what real processes do, with a deadline."""

import time
from collections.abc import Callable
from threading import Event

DEADLINE_SECONDS = 120.0
_BETWEEN_SECONDS = 0.4


def until(
    holds: Callable[[], bool], what: str, explain: Callable[[], str] = str, seconds: float = DEADLINE_SECONDS
) -> None:
    """Return when `holds` is true; AssertionError with `what` and `explain()` when it was not within `seconds`."""
    deadline = time.monotonic() + seconds
    pause = Event()
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:.0f} s for {what}\n{explain()}")
        pause.wait(_BETWEEN_SECONDS)
