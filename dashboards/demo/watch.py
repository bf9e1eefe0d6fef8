"""What the demo sees: the history that comes in on its board, and whether what was planted shows."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dashboards.board.freshness import Freshness
from dashboards.board.run import Running, connected, wall
from dashboards.board.settings import Settings
from dashboards.demo.cast import HOST, History
from dashboards.demo.planted import Key, read_key
from dashboards.demo.screen import Screen
from dashboards.demo.standing import ACTION, standings
from dashboards.demo.verdicts import Sides, Verdict, verdicts
from streams.domain.cohort import CohortKey
from streams.domain.figures import clock_figures
from streams.domain.grid import DAY, MINUTE, SECOND
from streams.domain.standard import STANDARD

_LOOK_SECONDS: Final = 0.2
_DIVIDED: Final = frozenset({"faster", "slower", "steady"})
_CLOCK: Final = next(clock for clock in STANDARD if clock.id == ACTION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planting:
    """The history that was planted; `dig` starts the process that writes the key to it to `key_file`."""

    history: History
    key_file: Path
    dig: Callable[[], Awaitable[asyncio.subprocess.Process]]


class Watch:
    """One look at a board that begins empty.

    `marks` are when, in seconds after the instant `started_ms`, the first row, the whole history and the verdicts were
    shown.
    """

    def __init__(self, planting: Planting, screen: Screen, started_ms: int) -> None:
        self.marks: dict[str, float] = {}
        self.verdicts: list[Verdict] = []
        self._planting = planting
        self._screen = screen
        self._started_ms = started_ms
        self._running: Running | None = None

    async def keep(self, settings: Settings) -> None:
        """Run a board and watch it until cancelled; raises what makes it fail."""
        async with connected(settings) as self._running, asyncio.TaskGroup() as tasks:
            tasks.create_task(self._running.keep(settings.refresh_ms))
            tasks.create_task(self._look(self._running))

    async def _look(self, running: Running) -> None:
        """Show what the board shows; give the verdicts once the whole history is in its figures."""
        told_at: int | None = None
        key: asyncio.subprocess.Process | None = None
        while True:
            fresh = running.freshness
            if running.board.snapshot.histograms and fresh.as_of is not None:
                self._show(running, fresh.as_of, fresh.reasons)
                if key is None:  # only now, so that nothing delays the first row
                    key = await self._planting.dig()
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
            self._screen.say(f"history done, live since; metrics on http://{HOST}:{running.port}/metrics")
        else:
            self._screen.say(f"history: {told:.0%} of {self._planting.history.weeks} weeks")

    def _judge(self, running: Running) -> None:
        self.verdicts = _verdicts(running, read_key(self._planting.key_file))
        self._mark("verdicts")
        self._screen.judge(self.verdicts)

    def _mark(self, name: str) -> None:
        self.marks.setdefault(name, (wall() - self._started_ms) / SECOND)

    def _told(self, running: Running) -> float:
        """Return how much of the history has been counted, by the platforms' own word on every partition."""
        through = running.board.snapshot.values.get("safeclock_complete_through_timestamp_seconds", {})
        history = self._planting.history
        begin, end = history.start_ms / SECOND, (history.end_ms - MINUTE) / SECOND
        latest = max(through.values(), default=begin)
        return min(1.0, max(0.0, (latest - begin) / (end - begin)))

    def document(self) -> dict[str, object] | None:
        """Return the figures with what was planted; None while the board has none."""
        if self._running is None or self._running.freshness.as_of is None:
            return None
        figures = self._running.board.document(("platform",), self._running.freshness)
        truth = json.loads(self._planting.key_file.read_bytes()) if self.verdicts else None
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
        share = clock_figures(sample, [_CLOCK]).curve.within(DAY)
        shares[name] = None if share is None else share.value
    return {name: Sides(shares.get((name, "before")), shares.get((name, "after"))) for name in divided}
