"""The event loop's time."""

import asyncio


def loop_time() -> float:
    """Return the event loop's time in seconds, for durations."""
    return asyncio.get_running_loop().time()
