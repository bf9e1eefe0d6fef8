"""The cadence: a thread that says, every so often, how far everything has been published."""

from collections.abc import Callable
from threading import Event, Thread


class HeartbeatThread:
    """Calls `beat` every `every_ms` milliseconds until stopped; a failure is kept, and does not end it."""

    def __init__(self, send: Callable[[], object], every_ms: int) -> None:
        self._send = send
        self._every_s = every_ms / 1000
        self._stopped = Event()
        self._failure: Exception | None = None
        self._thread = Thread(target=self._run, name="safeclock-heartbeats", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the cadence and wait for a heartbeat that is on its way out."""
        self._stopped.set()
        self._thread.join()

    def pop_failure(self) -> Exception | None:
        """Return the last failure, once; None when there was none."""
        failure, self._failure = self._failure, None
        return failure

    def _run(self) -> None:
        while not self._stopped.wait(self._every_s):
            try:
                self._send()
            except Exception as failure:  # noqa: BLE001 - whatever the caller's own function raises is the caller's to see
                self._failure = failure
