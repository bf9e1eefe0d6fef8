"""Waiting for what real processes do, with a deadline."""

import time
from collections.abc import Callable
from threading import Event

TIMEOUT_SECONDS = 120.0
_POLL_SECONDS = 0.4


def wait_until(
    condition: Callable[[], bool], description: str, explain: Callable[[], str] = str, seconds: float = TIMEOUT_SECONDS
) -> None:
    """Return when `condition` is true; AssertionError with `description` and `explain()` if it is not within `seconds`."""
    deadline = time.monotonic() + seconds
    pause = Event()
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:.0f} s for {description}\n{explain()}")
        pause.wait(_POLL_SECONDS)
