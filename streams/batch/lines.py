"""The lines of files, with a progress bar where somebody watches."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

_STDIN = Path("-")


@contextmanager
def progressing(files: Sequence[Path]) -> Iterator[Iterator[bytes]]:
    """Give the lines of `files` in order, of standard input for none or `-`; shows progress on a terminal."""
    paths = files or (_STDIN,)
    console = Console(stderr=True)
    known = console.is_terminal and _STDIN not in paths
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not known,
    ) as progress:
        yield chain.from_iterable(_lines(path, progress) for path in paths)


def _lines(path: Path, progress: Progress) -> Iterator[bytes]:
    if path == _STDIN:
        yield from sys.stdin.buffer
        return
    with path.open("rb") as file:
        yield from _counted(file, progress, path)


def _counted(file: BinaryIO, progress: Progress, path: Path) -> Iterable[bytes]:
    task = progress.add_task(path.name, total=path.stat().st_size)
    for line in file:
        yield line
        progress.advance(task, len(line))
