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

_PATIENCE_SECONDS: Final = 300.0


class WrongTotalsError(Exception):
    """A contender counted wrong: its speed says nothing."""


@dataclass(frozen=True)
class Trial:
    """Records taken in, seconds by the wall and by the processor from the first to the last of them."""

    records: int
    wall: float
    cpu: float

    def __add__(self, other: "Trial") -> "Trial":
        """Return both as one."""
        return Trial(self.records + other.records, self.wall + other.wall, self.cpu + other.cpu)


@dataclass(frozen=True)
class Spread:
    """Records per second over several trials: the median, the least and the most."""

    median: float
    least: float
    most: float

    @override
    def __str__(self) -> str:
        """Return the median with the range, rounded to what repeats."""
        return f"{_round(self.median)} ({_round(self.least)} to {_round(self.most)})"


def by_wall(trials: Sequence[Trial]) -> Spread:
    """Return records per second of wall time."""
    return _spread([trial.records / trial.wall for trial in trials])


def by_cpu(trials: Sequence[Trial]) -> Spread:
    """Return records per second of processor time."""
    return _spread([trial.records / trial.cpu for trial in trials])


class Stopwatch:
    """Runs from its making; `stop` says what went by. Processor time is that of all threads of this process."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def stop(self, records: int) -> Trial:
        """Return the trial that ends now."""
        return Trial(records, time.perf_counter() - self._wall, time.process_time() - self._cpu)


def tell(trial: Trial, totals: object) -> None:
    """Print what `in_a_process` reads."""
    print(json.dumps({"trial": asdict(trial), "totals": totals}), flush=True)  # noqa: T201 - for the parent process


def in_a_process(module: str, arguments: Sequence[str], expected: object, lines: Path | None = None) -> Trial:
    """Run a contender in a fresh process; raises WrongTotalsError unless its totals are `expected`."""
    said = said_by(module, arguments, lines)
    check(module, said["totals"], expected)
    return Trial(**said["trial"])


def said_by(module: str, arguments: Sequence[str] = (), lines: Path | None = None) -> Any:  # noqa: ANN401 - JSON
    """Run a module in a fresh process that reads `lines` and return the last line that it prints, from JSON."""
    with (lines or Path(os.devnull)).open("rb") as given:
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            stdin=given,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"{module} ended with {done.returncode}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def check(name: str, totals: object, expected: object) -> None:
    """Raise WrongTotalsError unless `totals` are `expected`."""
    if totals != expected:
        raise WrongTotalsError(f"{name}: expected {expected}, got {totals}")


def _spread(rates: Sequence[float]) -> Spread:
    return Spread(statistics.median(rates), min(rates), max(rates))


def _round(rate: float) -> str:
    return f"{rate:,.0f}" if rate < 1_000 else f"{round(rate, -2):,.0f}"
