"""Watches the demo's board: shows the ranking while the history arrives, then checks the planted effects."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dashboards.board.inputs.freshness import Freshness
from dashboards.board.process import BoardProcess, open_board
from dashboards.board.settings import Settings
from dashboards.demo.ranking import ACTION, rank_platforms
from dashboards.demo.screen import Screen
from dashboards.demo.services import HOST, DemoHistory
from dashboards.demo.truth_checks import SegmentShares, TruthCheck, check_truths
from dashboards.demo.truth_file import GroundTruth, read_ground_truth
from streams.domain.clocks.standard import STANDARD_CLOCKS
from streams.domain.cohorts.cohort import CohortKey
from streams.domain.cohorts.statistics import clock_statistics
from streams.domain.duration_bins import DAY, MINUTE, SECOND
from streams.edge.clock import wall_clock_ms

_POLL_SECONDS: Final = 0.2
_SEGMENTED_TRUTHS: Final = frozenset({"faster", "slower", "steady"})
_ACTION_CLOCK: Final = next(clock for clock in STANDARD_CLOCKS if clock.id == ACTION)


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthSource:
    """The simulated history; `start` starts the process that writes its ground truth to `truth_file`."""

    history: DemoHistory
    truth_file: Path
    start: Callable[[], Awaitable[asyncio.subprocess.Process]]


class DemoMonitor:
    """Runs a board that begins empty and shows its figures.

    `milestones` are the seconds from `started_ms` to the first row, the whole history and the checks.
    """

    def __init__(self, truth_source: TruthSource, screen: Screen, started_ms: int) -> None:
        self.milestones: dict[str, float] = {}
        self.checks: list[TruthCheck] = []
        self._truth_source = truth_source
        self._screen = screen
        self._started_ms = started_ms
        self._board_process: BoardProcess | None = None

    async def run(self, settings: Settings) -> None:
        """Run a board and show its figures until cancelled; raises the first error of the board."""
        async with open_board(settings) as self._board_process, asyncio.TaskGroup() as tasks:
            tasks.create_task(self._board_process.run(settings.refresh_ms))
            tasks.create_task(self._poll(self._board_process))

    async def _poll(self, board_process: BoardProcess) -> None:
        """Show the board's figures; check the planted effects once the figures include the whole history."""
        completed_as_of: int | None = None
        truth_process: asyncio.subprocess.Process | None = None
        while True:
            fresh = board_process.freshness
            if board_process.board.snapshot.histograms and fresh.as_of is not None:
                self._show_ranking(board_process, fresh.as_of, fresh.reasons)
                if truth_process is None:  # This process starts late, so that it does not delay the first row.
                    truth_process = await self._truth_source.start()
                progress = self._history_progress(board_process)
                if completed_as_of is None and progress >= 1:
                    completed_as_of = fresh.as_of
                self._show_progress(
                    board_process,
                    progress,
                    is_complete=completed_as_of is not None
                    and _gauges_computed_at(board_process) >= completed_as_of / SECOND,
                )
                if "history" in self.milestones and not self.checks and truth_process.returncode == 0:
                    self._check_truths(board_process)
            await asyncio.sleep(_POLL_SECONDS)

    def _show_ranking(self, board_process: BoardProcess, as_of: int, reasons: Sequence[str]) -> None:
        self._record_milestone("first_row")
        self._screen.show_ranking(
            rank_platforms(board_process.board.snapshot.values, board_process.board.platforms), as_of, reasons
        )

    def _show_progress(self, board_process: BoardProcess, progress: float, *, is_complete: bool) -> None:
        if is_complete:
            self._record_milestone("history")
            self._screen.show_status(f"history done, now live; metrics on http://{HOST}:{board_process.port}/metrics")
        else:
            self._screen.show_status(f"history: {progress:.0%} of {self._truth_source.history.weeks} weeks")

    def _check_truths(self, board_process: BoardProcess) -> None:
        self.checks = _run_checks(board_process, read_ground_truth(self._truth_source.truth_file))
        self._record_milestone("checks")
        self._screen.show_checks(self.checks)

    def _record_milestone(self, name: str) -> None:
        self.milestones.setdefault(name, (wall_clock_ms() - self._started_ms) / SECOND)

    def _history_progress(self, board_process: BoardProcess) -> float:
        """Return the share of the history that was counted, from the latest declared watermark, 0 to 1."""
        complete_through = board_process.board.snapshot.values.get("safeclock_complete_through_timestamp_seconds", {})
        history = self._truth_source.history
        begin, end = history.start_ms / SECOND, (history.end_ms - MINUTE) / SECOND
        latest = max(complete_through.values(), default=begin)
        return min(1.0, max(0.0, (latest - begin) / (end - begin)))

    def json_report(self) -> dict[str, object] | None:
        """Return the figures with the ground truth; None while the board has no figures."""
        if self._board_process is None or self._board_process.freshness.as_of is None:
            return None
        figures = self._board_process.board.measure_report(("platform",), self._board_process.freshness)
        truth = json.loads(self._truth_source.truth_file.read_bytes()) if self.checks else None
        checks = [check._asdict() for check in self.checks]
        return {**figures, "truth": truth, "checks": checks, "seconds": self.milestones}


def _gauges_computed_at(board_process: BoardProcess) -> float:
    return board_process.board.snapshot.values["safeclock_figures_timestamp_seconds"][()]


def _run_checks(board_process: BoardProcess, ground_truth: GroundTruth) -> list[TruthCheck]:
    fresh = board_process.freshness
    rows = {
        row.platform: row for row in rank_platforms(board_process.board.snapshot.values, board_process.board.platforms)
    }
    return check_truths(ground_truth, rows, _segment_shares(board_process, ground_truth, fresh), fresh.as_of or 0)


def _segment_shares(
    board_process: BoardProcess, ground_truth: GroundTruth, fresh: Freshness
) -> Mapping[str, SegmentShares]:
    """Return the shares before and after the planted change of a platform, or before and after the middle."""
    split_days = {
        name: ground_truth.split_day(name)
        for name, truth in ground_truth.platforms.items()
        if truth.truth in _SEGMENTED_TRUTHS
    }

    def segment(cohort: CohortKey) -> tuple[str, ...]:
        return cohort.platform, "before" if cohort.day < split_days[cohort.platform] else "after"

    shares: dict[tuple[str, ...], float | None] = {}
    for name, sample in board_process.board.cohort_samples(segment, fresh, split_days).items():
        share = clock_statistics(sample, [_ACTION_CLOCK]).curve.within(DAY)
        shares[name] = None if share is None else share.value
    return {name: SegmentShares(shares.get((name, "before")), shares.get((name, "after"))) for name in split_days}
