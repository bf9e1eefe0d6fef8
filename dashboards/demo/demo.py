"""The conductor: raises every part in order, watches the history come in, and holds the board against the key."""

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
from typing import Final

from rich.console import Console

from dashboards.board.freshness import Freshness
from dashboards.board.run import Running, connected, wall
from dashboards.board.settings import Settings
from dashboards.demo import cast
from dashboards.demo.planted import Key, read_key
from dashboards.demo.processes import PartFailedError, Parts
from dashboards.demo.screen import Screen, screen_on
from dashboards.demo.stage import NoTopicsError, make_topics
from dashboards.demo.standing import ACTION, standings
from dashboards.demo.verdicts import Sides, Verdict, verdicts
from streams.contract.registry_file import load
from streams.domain.clocks import STANDARD
from streams.domain.cohort import CohortKey
from streams.domain.figures import clock_figures
from streams.domain.grid import DAY, MINUTE, SECOND

_LOOK_SECONDS: Final = 0.5
_DIVIDED: Final = frozenset({"faster", "slower", "steady"})
_PLACE: Final = next(place for place, clock in enumerate(STANDARD) if clock.id == ACTION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """What to show: for so many seconds (None: until interrupted), and the file for the figures as JSON."""

    seconds: float | None = None
    json_file: Path | None = None
    weeks: int = 13
    reports: int = 150_000


class Demo:
    """One performance. `marks` are when, in seconds after the start, the first row and the whole history were shown."""

    def __init__(self, programme: Programme, screen: Screen, folder: Path) -> None:
        now = wall()
        self.history = cast.History(end_ms=now // SECOND * SECOND, weeks=programme.weeks, reports=programme.reports)
        self.marks: dict[str, float] = {}
        self.verdicts: list[Verdict] = []
        self._screen = screen
        self._bootstrap = f"{cast.HOST}:{cast.free_port()}"
        self._key_file = folder / "truth.json"
        self.parts = Parts(folder, cast.surroundings(self._bootstrap, os.environ))
        self._started = now
        self._running: Running | None = None

    async def play(self) -> None:
        """Perform until cancelled; raises what makes a part of this process fail."""
        self._screen.say("starting broker, worker, simulator, publisher and board")
        await self.parts.start(cast.broker(int(self._bootstrap.rpartition(":")[2])))
        registry = load(cast.REGISTRY)
        await make_topics(self._bootstrap, registry, cast.APPLICATION)
        await self.parts.start(cast.worker())
        await cast.feed(self.parts, self.history)
        settings = Settings(bootstrap=self._bootstrap, registry=cast.REGISTRY, http_host=cast.HOST)
        async with connected(settings) as self._running, asyncio.TaskGroup() as tasks:
            tasks.create_task(self._running.keep(settings.refresh_ms))
            tasks.create_task(self._watch(self._running))

    async def _watch(self, running: Running) -> None:
        """Show what the board shows; give the verdicts once the whole history is in its figures."""
        told_at: int | None = None
        key: asyncio.subprocess.Process | None = None
        while True:
            fresh = running.freshness
            if running.board.snapshot.histograms and fresh.as_of is not None:
                self._show(running, fresh.as_of, fresh.reasons)
                if key is None:  # only now, so that nothing delays the first row
                    key = await self.parts.start(cast.key(self.history, self._key_file))
                told = self._told(running)
                if told_at is None and told >= 1:
                    told_at = fresh.as_of
                self._report(running, told, done=told_at is not None and _computed_at(running) >= told_at / SECOND)
                if "history" in self.marks and not self.verdicts and key.returncode == 0:
                    self._judge(running)
            await asyncio.sleep(_LOOK_SECONDS)

    def _show(self, running: Running, as_of: int, reasons: Sequence[str]) -> None:
        self._mark("first_row")
        self._screen.show(standings(running.board.snapshot.values, running.board.platforms), as_of, reasons)

    def _report(self, running: Running, told: float, *, done: bool) -> None:
        if done:
            self._mark("history")
            self._screen.say(f"history done, live since; metrics on http://{cast.HOST}:{running.port}/metrics")
        else:
            self._screen.say(f"history: {told:.0%} of {self.history.weeks} weeks")

    def _judge(self, running: Running) -> None:
        self.verdicts = _verdicts(running, read_key(self._key_file))
        self._mark("verdicts")
        self._screen.judge(self.verdicts)

    def _mark(self, name: str) -> None:
        self.marks.setdefault(name, (wall() - self._started) / SECOND)

    def _told(self, running: Running) -> float:
        """Return how much of the history has been counted, by the platforms' own word on every partition."""
        through = running.board.snapshot.values.get("safeclock_complete_through_timestamp_seconds", {})
        begin, end = self.history.start_ms / SECOND, (self.history.end_ms - MINUTE) / SECOND
        latest = max(through.values(), default=begin)
        return min(1.0, max(0.0, (latest - begin) / (end - begin)))

    def document(self) -> dict[str, object] | None:
        """Return the figures with what was planted; None while the board has none."""
        if self._running is None or self._running.freshness.as_of is None:
            return None
        figures = self._running.board.document(("platform",), self._running.freshness)
        truth = json.loads(self._key_file.read_bytes()) if self.verdicts else None
        said = [verdict._asdict() for verdict in self.verdicts]
        return {**figures, "truth": truth, "verdicts": said, "seconds": self.marks}


def _computed_at(running: Running) -> float:
    return running.board.snapshot.values["safeclock_figures_timestamp_seconds"][()]


def _verdicts(running: Running, key: Key) -> list[Verdict]:
    fresh = running.freshness
    shown = {one.platform: one for one in standings(running.board.snapshot.values, running.board.platforms)}
    return verdicts(key, shown, _sides(running, key, fresh), fresh.as_of or 0)


def _sides(running: Running, key: Key, fresh: Freshness) -> Mapping[str, Sides]:
    """Return the shares on both sides of the date at which a platform is planted to change, or of the middle."""
    divided = {name: key.divide(name) for name, planted in key.platforms.items() if planted.truth in _DIVIDED}

    def side(cohort: CohortKey) -> tuple[str, ...]:
        return cohort.platform, "before" if cohort.day < divided[cohort.platform] else "after"

    shares: dict[tuple[str, ...], float | None] = {}
    for name, sample in running.board.samples(side, fresh, divided).items():
        share = clock_figures(sample, _PLACE, STANDARD[_PLACE]).curve.within(DAY)
        shares[name] = None if share is None else share.value
    return {name: Sides(shares.get((name, "before")), shares.get((name, "after"))) for name in divided}


async def _perform(programme: Programme, console: Console) -> int:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    with TemporaryDirectory(prefix="safeclock-demo-") as folder, screen_on(console) as screen:
        logging.basicConfig(filename=Path(folder, "demo.log"))  # what libraries say would tear the table
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
        if not demo.verdicts:
            screen.say("ended before the whole history was measured")
        if programme.json_file is not None:
            _write(programme.json_file, demo.document())
        return 0 if demo.verdicts and all(verdict.holds for verdict in demo.verdicts) else 1


async def _cancel(tasks: Sequence[asyncio.Task[object]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _reason(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"failed: {error}" if isinstance(error, PartFailedError | NoTopicsError) else f"failed: {error!r}"


def _write(file: Path, document: Mapping[str, object] | None) -> None:
    if document is not None:
        file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def run_demo(programme: Programme) -> int:
    """Run the demo and return its exit status: 0 when every planted truth shows, 1 otherwise or on a failure."""
    with suppress(KeyboardInterrupt):
        return asyncio.run(_perform(programme, Console()))
    return 1
