"""One run of one contender: what it took, and what it came to."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from typing_extensions import override

from tests.support.paths import ROOT

_TIMEOUT_SECONDS: Final = 300.0


class WrongTotalsError(Exception):
    """A contender counted wrong: its speed says nothing."""


@dataclass(frozen=True)
class TimedRun:
    """Records taken in, seconds by the wall and by the processor from the first to the last of them."""

    records: int
    wall: float
    cpu: float

    def __add__(self, other: "TimedRun") -> "TimedRun":
        """Return both as one."""
        return TimedRun(self.records + other.records, self.wall + other.wall, self.cpu + other.cpu)


@dataclass(frozen=True)
class Spread:
    """Records per second over several trials: the median, the least and the most."""

    median: float
    minimum: float
    maximum: float

    @override
    def __str__(self) -> str:
        """Return the median with the range, rounded to what repeats."""
        return f"{_round(self.median)} ({_round(self.minimum)} to {_round(self.maximum)})"


def wall_rate(trials: Sequence[TimedRun]) -> Spread:
    """Return records per second of wall time."""
    return _spread_of([trial.records / trial.wall for trial in trials])


def cpu_rate(trials: Sequence[TimedRun]) -> Spread:
    """Return records per second of processor time."""
    return _spread_of([trial.records / trial.cpu for trial in trials])


class Stopwatch:
    """Runs from its making; `stop` says what went by. Processor time is that of all threads of this process."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def stop(self, records: int) -> TimedRun:
        """Return the trial that ends now."""
        return TimedRun(records, time.perf_counter() - self._wall, time.process_time() - self._cpu)


def print_result(trial: TimedRun, totals: object) -> None:
    """Print what `run_in_process` reads."""
    print(json.dumps({"trial": asdict(trial), "totals": totals}), flush=True)  # noqa: T201 - for the parent process


def run_in_process(module: str, arguments: Sequence[str], expected: object, lines: Path | None = None) -> TimedRun:
    """Run a contender in a fresh process; raises WrongTotalsError unless its totals are `expected`."""
    said = output_of(module, arguments, lines)
    check_totals(module, said["totals"], expected)
    return TimedRun(**said["trial"])


def output_of(module: str, arguments: Sequence[str] = (), lines: Path | None = None) -> Any:  # noqa: ANN401 - JSON
    """Run a module in a fresh process that reads `lines` and return the last line that it prints, from JSON."""
    with (lines or Path(os.devnull)).open("rb") as given:
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            stdin=given,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"{module} ended with {done.returncode}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def check_totals(name: str, totals: object, expected: object) -> None:
    """Raise WrongTotalsError unless `totals` are `expected`."""
    if totals != expected:
        raise WrongTotalsError(f"{name}: expected {expected}, got {totals}")


def _spread_of(rates: Sequence[float]) -> Spread:
    return Spread(statistics.median(rates), min(rates), max(rates))


def _round(rate: float) -> str:
    return f"{rate:,.0f}" if rate < 1_000 else f"{round(rate, -2):,.0f}"
