"""A history as blocks of a Prometheus, through promtool."""

import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tests.support.components import program_path

MONDAY: Final = 1_704_067_200
"""The first instant of every history, 2024-01-01T00:00:00Z."""

_BLOCK_HOURS: Final = 486
"""A length that Prometheus' blocks may have: a file that spans one block is read once."""


class SeriesBlock(NamedTuple):
    """Series whose values stand `step` seconds apart from the start on; a name that tells an instant is moved there."""

    step: int
    series: dict[str, NDArray[np.float64]]


def write_blocks(folder: Path, scratch: Path, parts: Iterable[SeriesBlock]) -> None:
    """Write the series of all parts as blocks below `folder`."""
    file = scratch / "history.om"
    for part in parts:
        length = max(len(values) for values in part.series.values()) * part.step
        for begins in _begins(length):
            lines = _lines(part, begins, begins + _BLOCK_HOURS * 3600)
            with file.open("w", encoding="utf-8") as out:
                out.writelines(lines)
                out.write("# EOF\n")
            _import(file, folder)
    file.unlink()


def _begins(length: int) -> range:
    block = _BLOCK_HOURS * 3600
    return range(MONDAY - MONDAY % block, MONDAY + length, block)


def _lines(part: SeriesBlock, begins: int, ends: int) -> Iterator[str]:
    first = max(0, -(-(begins - MONDAY) // part.step))
    last = max(0, -(-(ends - MONDAY) // part.step))
    for name, values in part.series.items():
        moved = MONDAY if "_timestamp_seconds" in name else 0
        samples = values[first:last] + moved
        at = MONDAY + np.arange(first, first + len(samples)) * part.step
        known = ~np.isnan(samples)
        pairs = zip(samples[known].tolist(), at[known].tolist(), strict=True)
        yield "".join([f"{name} {value!r} {instant}\n" for value, instant in pairs])


def _import(file: Path, folder: Path) -> None:
    command = [program_path("promtool"), "tsdb", "create-blocks-from", "openmetrics", "--quiet"]
    span = f"--max-block-duration={_BLOCK_HOURS}h"
    done = subprocess.run([*command, span, file, folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
