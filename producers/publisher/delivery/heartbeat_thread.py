"""A thread that sends heartbeats at a fixed interval."""

from collections.abc import Callable
from threading import Event, Thread


class HeartbeatThread:
    """Calls `send` every `every_ms` milliseconds until stopped; keeps the last failure and continues after it."""

    def __init__(self, send: Callable[[], object], every_ms: int) -> None:
        self._send = send
        self._every_s = every_ms / 1000
        self._stopped = Event()
        self._failure: Exception | None = None
        self._thread = Thread(target=self._run, name="safeclock-heartbeats", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop sending, and wait for a heartbeat that is being sent."""
        self._stopped.set()
        self._thread.join()

    def pop_failure(self) -> Exception | None:
        """Return the last failure and forget it; None if there was no failure."""
        failure, self._failure = self._failure, None
        return failure

    def _run(self) -> None:
        while not self._stopped.wait(self._every_s):
            try:
                self._send()
            except Exception as failure:  # noqa: BLE001 - errors of the caller's own function go to the caller
                self._failure = failure
