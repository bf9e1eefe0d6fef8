"""Run the trials of a row; the seed, the row and the number of the run alone decide what is drawn."""

import gc
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Final, NamedTuple
from zlib import crc32

import numpy as np

from tests.tools.calibrate.all_lines import LINES
from tests.tools.calibrate.figures import Figures, add_outcomes, merge_figures
from tests.tools.calibrate.line import Line, Row

_RUNS_PER_TASK: Final = 20
"""Fixed, so that sums of floating-point numbers do not depend on the number of processes."""


class _Task(NamedTuple):
    line: str
    row: int
    first_run: int
    runs: int
    seed: int


def run_line(line: Line, runs: int, seed: int, jobs: int) -> Iterator[tuple[Row, Figures]]:
    """Yield the figures of every row of a line, from so many runs each, in so many processes."""
    tasks = [
        _Task(line.name, row, first, min(_RUNS_PER_TASK, runs - first), seed)
        for row in range(len(line.rows))
        for first in range(0, runs, _RUNS_PER_TASK)
    ]
    with ProcessPoolExecutor(jobs, initializer=_start_process) as processes:
        parts = processes.map(_run_task, tasks)
        for row in line.rows:
            figures: Figures = {}
            for _ in range(0, runs, _RUNS_PER_TASK):
                merge_figures(figures, next(parts))
            yield row, figures


def run_trials(line: str, row: Row, numbers: range, seed: int) -> Figures:
    """Return the figures of some runs of a row."""
    figures: Figures = {}
    for number in numbers:
        add_outcomes(figures, row.trial(_generator(line, row, number, seed)))
    return figures


def _start_process() -> None:
    # A trial makes many tuples and no cycles: the collector would search for cycles in vain, for a fifth of the time.
    gc.disable()


def _run_task(task: _Task) -> Figures:
    row = LINES[task.line].rows[task.row]
    return run_trials(task.line, row, range(task.first_run, task.first_run + task.runs), task.seed)


def _generator(line: str, row: Row, number: int, seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, crc32("/".join((line, *row.labels)).encode()), number])
