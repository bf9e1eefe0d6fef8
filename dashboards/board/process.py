"""The board process: reads, adds up and shows until it is told to stop."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Final

from dashboards.board.board import Board
from dashboards.board.endpoints import Pages, served
from dashboards.board.inputs.freshness import Freshness
from dashboards.board.inputs.measures_reader import Reader
from dashboards.board.metrics.freshness import Release
from dashboards.board.settings import Settings
from streams.contract.packs.file import load_rulebook
from streams.contract.registry.file import read_registry as load_registry
from streams.contract.registry.registry import Registry
from streams.domain.grid import SECOND
from streams.edge.clock import wall_clock_ms
from streams.edge.exit_codes import OK
from streams.edge.shutdown import ProcessExit, StopSignals, exit_with_log

log = logging.getLogger(__name__)

_COUNT_SECONDS: Final = 0.2
_LEAVING_SECONDS: Final = 2.0
"""How long closing connections may take when the process is asked to stop."""
_REST: Final = 3
"""After computing, the board leaves the processor to others for so many times as long: a backlog comes first."""


class Running:
    """A board that reads `measures`; `port` is where its pages are."""

    def __init__(self, board: Board, reader: Reader, port: int) -> None:
        self.board = board
        self.port = port
        self._reader = reader

    @property
    def freshness(self) -> Freshness:
        """What the inputs are like now."""
        return self.board.freshness(self._reader.read)

    async def keep(self, refresh_ms: int) -> None:
        """Read and show until cancelled; raises the first error."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._reader.run())
            tasks.create_task(self._count())
            tasks.create_task(self._compute(refresh_ms / SECOND))

    async def _count(self) -> None:
        while True:
            self._show()
            await asyncio.sleep(_COUNT_SECONDS)

    async def _compute(self, seconds: float) -> None:
        while True:
            fresh, began = self.freshness, time.monotonic()
            await self.board.compute(fresh)
            self._show()
            took = time.monotonic() - began
            await asyncio.sleep(_COUNT_SECONDS if fresh.as_of is None else max(seconds, _REST * took))

    def _show(self) -> None:
        self.board.count(self.freshness, self._reader.read_at)


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[Running]:
    """Serve the pages and connect for the block; who runs `keep` of what is yielded keeps the figures moving."""
    registry = Registry.accepting_all() if settings.registry is None else load_registry(settings.registry)
    rulebook = load_rulebook(settings.packs, registry, wall_clock_ms())
    board = Board(registry, Release(version("safeclock"), rulebook), wall_clock_ms)
    reader = Reader(settings.bootstrap, board.sums.take, wall_clock_ms, settings.measures, settings.access)
    pages = Pages(lambda: board.freshness(reader.read), lambda: board.snapshot)
    board.count(board.freshness(()), None)
    try:
        async with served(pages, settings.http_host, settings.http_port, settings.guard) as port:
            log.info("metrics on %s://%s:%d/metrics", settings.guard.scheme, settings.http_host, port)
            async with reader:
                yield Running(board, reader, port)
    finally:
        await reader.close()


async def _until_stopped(settings: Settings) -> None:
    """Run until the process is asked to stop, and end it then; raises what made the board fail."""
    stopping = StopSignals(_ending)
    working = asyncio.create_task(_work(settings))
    asked = asyncio.create_task(stopping.requested.wait())
    await asyncio.wait({working, asked}, return_when=asyncio.FIRST_COMPLETED)
    if not working.done():
        working.cancel()
        await asyncio.wait({working}, timeout=_LEAVING_SECONDS)
        exit_with_log(_ending())
    asked.cancel()
    try:
        working.result()
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from group


def _ending() -> ProcessExit:
    return ProcessExit(OK, "stopped: a board keeps nothing that could be lost, it reads measures again when it starts")


async def _work(settings: Settings) -> None:
    async with connected(settings) as running:
        await running.keep(settings.refresh_ms)


def run_board(settings: Settings) -> None:
    """Run a board until SIGTERM or SIGINT, which end the process with 0.

    Raises what made it fail: a supervisor starts it again, and it is right again once it has read the topic.
    """
    asyncio.run(_until_stopped(settings))
