"""The board process: reads and adds up measures and serves metrics until a signal stops it."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Final

from dashboards.board.board import Board
from dashboards.board.endpoints import Endpoints, serve
from dashboards.board.inputs.freshness import Freshness
from dashboards.board.inputs.measures_reader import MeasuresReader
from dashboards.board.metrics.freshness import Release
from dashboards.board.settings import Settings
from streams.contract.declarations.collection import read_declarations
from streams.contract.packs.file import load_rulebook
from streams.contract.registry.file import read_registry as load_registry
from streams.contract.registry.registry import Registry
from streams.domain.duration_bins import SECOND
from streams.edge.clock import wall_clock_ms
from streams.edge.exit_codes import OK
from streams.edge.shutdown import ProcessExit, StopSignals, exit_with_log

log = logging.getLogger(__name__)

_COUNTER_REFRESH_SECONDS: Final = 0.2
_SHUTDOWN_SECONDS: Final = 2.0
"""How long closing connections may take after a stop signal."""
_IDLE_FACTOR: Final = 3
"""The pause after a computation is this many times as long as the computation, so that a backlog is read first."""


class BoardProcess:
    """A running board that reads `measures`; `port` is the port of its pages."""

    def __init__(self, board: Board, reader: MeasuresReader, port: int) -> None:
        self.board = board
        self.port = port
        self._reader = reader

    @property
    def freshness(self) -> Freshness:
        """How fresh the inputs are now."""
        return self.board.assess_freshness(self._reader.caught_up)

    async def run(self, refresh_ms: int) -> None:
        """Read measures and refresh the snapshot until cancelled; raises the first error."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._reader.run())
            tasks.create_task(self._refresh_counters())
            tasks.create_task(self._refresh_gauges(refresh_ms / SECOND))

    async def _refresh_counters(self) -> None:
        while True:
            self._refresh_snapshot()
            await asyncio.sleep(_COUNTER_REFRESH_SECONDS)

    async def _refresh_gauges(self, seconds: float) -> None:
        while True:
            fresh, began = self.freshness, time.monotonic()
            await self.board.compute_gauges(fresh)
            self._refresh_snapshot()
            took = time.monotonic() - began
            await asyncio.sleep(_COUNTER_REFRESH_SECONDS if fresh.as_of is None else max(seconds, _IDLE_FACTOR * took))

    def _refresh_snapshot(self) -> None:
        self.board.refresh_snapshot(self.freshness, self._reader.caught_up_at)


@asynccontextmanager
async def open_board(settings: Settings) -> AsyncIterator[BoardProcess]:
    """Serve the pages and connect to the broker while the block runs; the caller calls `run` of the yielded board."""
    registry = Registry.accepting_all() if settings.registry is None else load_registry(settings.registry)
    rulebook = load_rulebook(settings.packs, registry, wall_clock_ms())
    declarations = read_declarations(settings.declarations, registry, rulebook)
    board = Board(registry, Release(version("safeclock"), rulebook, declarations), wall_clock_ms)
    reader = MeasuresReader(
        settings.bootstrap, board.measures.apply_record, wall_clock_ms, settings.measures, settings.access
    )
    pages = Endpoints(lambda: board.assess_freshness(reader.caught_up), lambda: board.snapshot)
    board.refresh_snapshot(board.assess_freshness(()), None)
    try:
        async with serve(pages, settings.http_host, settings.http_port, settings.http_security) as port:
            log.info("metrics on %s://%s:%d/metrics", settings.http_security.scheme, settings.http_host, port)
            async with reader:
                yield BoardProcess(board, reader, port)
    finally:
        await reader.close()


async def _run_until_stopped(settings: Settings) -> None:
    """Run until a stop signal, and then exit the process; raises the error of a board that fails."""
    stopping = StopSignals(_stop_message)
    board_task = asyncio.create_task(_run(settings))
    stop_requested = asyncio.create_task(stopping.requested.wait())
    await asyncio.wait({board_task, stop_requested}, return_when=asyncio.FIRST_COMPLETED)
    if not board_task.done():
        board_task.cancel()
        await asyncio.wait({board_task}, timeout=_SHUTDOWN_SECONDS)
        exit_with_log(_stop_message())
    stop_requested.cancel()
    try:
        board_task.result()
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from group


def _stop_message() -> ProcessExit:
    return ProcessExit(OK, "stopped: a board stores nothing, it reads all measures again when it starts")


async def _run(settings: Settings) -> None:
    async with open_board(settings) as running:
        await running.run(settings.refresh_ms)


def run_board(settings: Settings) -> None:
    """Run a board until SIGTERM or SIGINT, then exit with status 0.

    Raises the error of a board that fails: a supervisor restarts the board, which then reads the whole topic again.
    """
    asyncio.run(_run_until_stopped(settings))
