"""Runs the demo: starts all processes in order, shows the ranking, and returns an exit status.

Slow imports run while the processes start, so that no process waits for them.
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
from dashboards.demo.screen import Screen, open_screen
from dashboards.demo.supervisor import ProcessFailedError, Supervisor
from streams.domain.duration_bins import SECOND
from streams.edge.clock import wall_clock_ms
from streams.edge.terminal import console

if TYPE_CHECKING:
    from dashboards.demo.monitor import DemoMonitor


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """Options of the demo: `seconds` None runs until interrupted; `json_file` receives the figures as JSON."""

    seconds: float | None = None
    json_file: Path | None = None
    weeks: int = 13
    reports: int = 150_000


class Demo:
    """One run of the demo; `monitor` is None until the board starts."""

    def __init__(self, options: DemoOptions, screen: Screen, folder: Path) -> None:
        self._started_ms = wall_clock_ms()
        end_ms = self._started_ms // SECOND * SECOND
        self.history = services.DemoHistory(end_ms=end_ms, weeks=options.weeks, reports=options.reports)
        self.monitor: DemoMonitor | None = None
        self._screen = screen
        self._bootstrap = f"{services.HOST}:{services.free_port()}"
        self._truth_file = folder / "truth.json"
        self.supervisor = Supervisor(folder, services.service_environment(self._bootstrap, os.environ))

    async def run(self) -> None:
        """Run until cancelled; raises the first error of the setup or the board."""
        self._screen.show_status("starting broker, worker, simulator, publisher and board")
        await self.supervisor.start(services.broker_process(int(self._bootstrap.rpartition(":")[2])))
        await self._create_topics()
        await self.supervisor.start(services.worker_process())
        await services.start_publisher(self.supervisor, self.history)
        await self._run_monitor()

    async def _create_topics(self) -> None:
        from dashboards.demo.topic_setup import create_topics  # noqa: PLC0415 - while the broker starts
        from streams.contract.registry.file import read_registry  # noqa: PLC0415 - likewise

        await create_topics(self._bootstrap, read_registry(services.REGISTRY), services.APPLICATION)

    async def _run_monitor(self) -> None:
        from dashboards.board.settings import Settings  # noqa: PLC0415 - while worker, publisher and simulator start
        from dashboards.demo.monitor import DemoMonitor, TruthSource  # noqa: PLC0415 - likewise

        truth_source = TruthSource(history=self.history, truth_file=self._truth_file, start=self._start_truth_process)
        self.monitor = DemoMonitor(truth_source, self._screen, self._started_ms)
        await self.monitor.run(Settings(bootstrap=self._bootstrap, registry=services.REGISTRY, http_host=services.HOST))

    async def _start_truth_process(self) -> asyncio.subprocess.Process:
        return await self.supervisor.start(services.truth_process(self.history, self._truth_file))


async def _run_until_stopped(options: DemoOptions, terminal: Console) -> int:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    with TemporaryDirectory(prefix="safeclock-demo-") as folder, open_screen(terminal) as screen:
        # Log lines of libraries would break the live table. With mode "w" the file is not reopened for log lines that
        # come after the folder was removed.
        logging.basicConfig(filename=Path(folder, "demo.log"), filemode="w")
        demo = Demo(options, screen, Path(folder))
        ends = [asyncio.create_task(ending) for ending in (demo.run(), demo.supervisor.wait_for_failure(), stop.wait())]
        try:
            await asyncio.wait(ends, timeout=options.seconds, return_when=asyncio.FIRST_COMPLETED)
            failed = next((error for end in ends[:2] if end.done() and (error := end.exception())), None)
        finally:
            await _cancel_all(ends)
            await demo.supervisor.stop()
        if failed is not None:
            screen.show_status(_describe_failure(failed))
            return 1
        checks = demo.monitor.checks if demo.monitor is not None else []
        if not checks:
            screen.show_status("stopped before the whole history was measured")
        if options.json_file is not None and demo.monitor is not None:
            _write_json(options.json_file, demo.monitor.json_report())
        return 0 if checks and all(check.is_confirmed for check in checks) else 1


async def _cancel_all(tasks: Sequence[asyncio.Task[object]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _describe_failure(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"failed: {error}" if isinstance(error, ProcessFailedError) else f"failed: {error!r}"


def _write_json(file: Path, report: Mapping[str, object] | None) -> None:
    if report is not None:
        file.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def run_demo(options: DemoOptions) -> int:
    """Run the demo and return its exit status: 0 when every planted effect is confirmed, 1 otherwise."""
    with suppress(KeyboardInterrupt):
        return asyncio.run(_run_until_stopped(options, console()))
    return 1
