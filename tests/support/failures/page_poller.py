"""The pages of all processes of a chain, read ten times a second: no counter ever falls, none of a product goes away.

A worker's counters are those of its process. A board's are restored: over a restart they may not fall either, and a
board that is started shows no less than others had shown before.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from threading import Event, Lock
from types import TracebackType
from typing import Final, Protocol, Self

from tests.support.process.running_process import SafeclockProcess

POLL_SECONDS: Final = 0.1
_MAX_PAGES: Final = 256
"""How many processes can be followed at once."""
_TIMEOUT_SECONDS: Final = 2.0
_MAX_FAULTS: Final = 20

OnNewProcesses = Callable[[Sequence[SafeclockProcess]], None]
"""Told of every process that there has been, when there is a new one."""


def counters_of(page: str) -> dict[str, float]:
    """Return the counters of an exposition, and what of its histograms is one, by their series as written."""
    found, counts = {}, False
    for line in page.splitlines():
        if line.startswith("# TYPE "):
            counts = line.endswith((" counter", " histogram"))
        elif counts and not line.startswith("#"):
            series, _, value = line.rpartition(" ")
            found[series] = float(value)
    return found


def decreased_counters(before: Mapping[str, float], now: Mapping[str, float]) -> list[str]:
    """Return what is smaller than it was, or gone, in words."""
    return [
        f"{series}: {now.get(series, 'gone')} after {value}"
        for series, value in before.items()
        if now.get(series, -1) < value
    ]


class PolledChain(Protocol):
    """What a poller reads: the processes of a chain, in the order in which they were started."""

    processes: list[SafeclockProcess]

    def is_board(self, part: SafeclockProcess) -> bool:
        """Whether a process is a board."""


class PagePoller:
    """Reads the pages of a chain's processes for the block, also of those that are started meanwhile.

    AssertionError at the end of the block when something fell, with what. `pages` is how many were read.
    """

    def __init__(self, chain: PolledChain, came: OnNewProcesses = lambda _: None) -> None:
        self.pages = 0
        self.faults: list[str] = []
        self._chain = chain
        self._on_new_processes = came
        self._highest: dict[str, float] = {}
        self._lock = Lock()
        self._stop = Event()
        self._pool = ThreadPoolExecutor(_MAX_PAGES, "poller")
        self._tasks: list[Future[None]] = []

    def __enter__(self) -> Self:
        self._tasks.append(self._pool.submit(self._find_processes))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._pool.shutdown()
        for task in self._tasks:
            task.result()
        if kind is None:
            self.raise_faults()

    def raise_faults(self) -> None:
        """Assert that nothing has fallen so far."""
        assert not self.faults, "\n".join(self.faults)

    def _find_processes(self) -> None:
        known = 0
        while not self._stop.wait(POLL_SECONDS / 2):
            parts = list(self._chain.processes)
            if len(parts) > known:
                self._on_new_processes(parts)
                self._tasks += [self._pool.submit(self._poll_process, part) for part in parts[known:]]
                known = len(parts)

    def _poll_process(self, part: SafeclockProcess) -> None:
        """Read a process's page until it has ended."""
        is_board = self._chain.is_board(part)
        floor, before = dict(self._highest), dict[str, float]()
        while part.exit_code is None and not self._stop.wait(POLL_SECONDS):
            page = _page(part)
            found = {} if page is None else counters_of(page)
            self.pages += bool(found)
            if page is None or not (before or found):
                continue  # It died over the page, or is still reading what there was.
            if is_board:
                self._add_faults(part, decreased_counters(before or floor, found))
                self._raise_maximum(found)
            else:
                # Its series are there while it owns the partition, or has counted anything of it.
                self._add_faults(
                    part, decreased_counters({series: at for series, at in before.items() if series in found}, found)
                )
            before |= found

    def _raise_maximum(self, found: Mapping[str, float]) -> None:
        with self._lock:
            self._highest |= {series: max(value, self._highest.get(series, 0)) for series, value in found.items()}

    def _add_faults(self, part: SafeclockProcess, faults: Sequence[str]) -> None:
        self.faults += [f"{part.log.name}: {fault}" for fault in faults[: _MAX_FAULTS - len(self.faults)]]


def _page(part: SafeclockProcess) -> str | None:
    """Return the whole page of metrics; None when it did not come, or a process died over it."""
    connection = HTTPConnection("127.0.0.1", part.port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
