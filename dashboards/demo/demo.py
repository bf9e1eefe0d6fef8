"""The conductor: raises every part in order, and watches what becomes of it.

What takes long to import is imported while the parts start, so that they start at once.
"""

import asyncio
import json
import logging
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rich.console import Console

from dashboards.demo import services
from dashboards.demo.screen import Screen, screen_on
from dashboards.demo.supervisor import PartFailedError, Parts
from streams.domain.grid import SECOND
from streams.edge.clock import wall_clock_ms
from streams.edge.terminal import console

if TYPE_CHECKING:
    from dashboards.demo.monitor import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """What to show: for so many seconds (None: until interrupted), and the file for the figures as JSON."""

    seconds: float | None = None
    json_file: Path | None = None
    weeks: int = 13
    reports: int = 150_000


class Demo:
    """One performance; `watch` is None until there is something to see."""

    def __init__(self, programme: Programme, screen: Screen, folder: Path) -> None:
        self._started_ms = wall_clock_ms()
        end_ms = self._started_ms // SECOND * SECOND
        self.history = services.History(end_ms=end_ms, weeks=programme.weeks, reports=programme.reports)
        self.watch: Watch | None = None
        self._screen = screen
        self._bootstrap = f"{services.HOST}:{services.free_port()}"
        self._key_file = folder / "truth.json"
        self.parts = Parts(folder, services.surroundings(self._bootstrap, os.environ))

    async def play(self) -> None:
        """Perform until cancelled; raises what makes a part of this process fail."""
        self._screen.say("starting broker, worker, simulator, publisher and board")
        await self.parts.start(services.broker(int(self._bootstrap.rpartition(":")[2])))
        await self._make_topics()
        await self.parts.start(services.worker())
        await services.feed(self.parts, self.history)
        await self._show()

    async def _make_topics(self) -> None:
        from dashboards.demo.topic_setup import make_topics  # noqa: PLC0415 - while the broker starts
        from streams.contract.registry.file import read_registry  # noqa: PLC0415 - likewise

        await make_topics(self._bootstrap, read_registry(services.REGISTRY), services.APPLICATION)

    async def _show(self) -> None:
        from dashboards.board.settings import Settings  # noqa: PLC0415 - while worker, publisher and simulator start
        from dashboards.demo.monitor import Planting, Watch  # noqa: PLC0415 - likewise

        planting = Planting(history=self.history, key_file=self._key_file, dig=self._dig)
        self.watch = Watch(planting, self._screen, self._started_ms)
        await self.watch.keep(Settings(bootstrap=self._bootstrap, registry=services.REGISTRY, http_host=services.HOST))

    async def _dig(self) -> asyncio.subprocess.Process:
        return await self.parts.start(services.key(self.history, self._key_file))


async def _perform(programme: Programme, out: Console) -> int:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    with TemporaryDirectory(prefix="safeclock-demo-") as folder, screen_on(out) as screen:
        # What libraries say would tear the table. In this mode it is not opened anew for what they say when all is over.
        logging.basicConfig(filename=Path(folder, "demo.log"), filemode="w")
        demo = Demo(programme, screen, Path(folder))
        ends = [asyncio.create_task(ending) for ending in (demo.play(), demo.parts.failure(), stop.wait())]
        try:
            await asyncio.wait(ends, timeout=programme.seconds, return_when=asyncio.FIRST_COMPLETED)
            failed = next((error for end in ends[:2] if end.done() and (error := end.exception())), None)
        finally:
            await _cancel(ends)
            await demo.parts.stop()
        if failed is not None:
            screen.say(_reason(failed))
            return 1
        verdicts = demo.watch.verdicts if demo.watch is not None else []
        if not verdicts:
            screen.say("ended before the whole history was measured")
        if programme.json_file is not None and demo.watch is not None:
            _write(programme.json_file, demo.watch.document())
        return 0 if verdicts and all(verdict.holds for verdict in verdicts) else 1


async def _cancel(tasks: Sequence[asyncio.Task[object]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _reason(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"failed: {error}" if isinstance(error, PartFailedError) else f"failed: {error!r}"


def _write(file: Path, document: Mapping[str, object] | None) -> None:
    if document is not None:
        file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def run_demo(programme: Programme) -> int:
    """Run the demo and return its exit status: 0 when every planted truth shows, 1 otherwise or on a failure."""
    with suppress(KeyboardInterrupt):
        return asyncio.run(_perform(programme, console()))
    return 1
