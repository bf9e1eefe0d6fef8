"""The lines of files, with a progress bar where somebody watches."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from streams.edge.files.format_detection import format_advice
from streams.edge.files.input_file import STDIN, is_rereadable
from streams.edge.files.line_blocks import read_blocks
from streams.edge.terminal import console


@contextmanager
def open_with_progress(files: Sequence[Path]) -> Iterator[Iterator[bytes]]:
    """Give the lines of `files` in order, of standard input for none or `-`; shows progress on a terminal.

    Blank lines are left out.
    """
    paths = files or (STDIN,)
    out = console(stderr=True)
    known = out.is_terminal and all(map(is_rereadable, paths))
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=out,
        transient=True,
        disable=not known,
    ) as progress:
        yield _read_lines(paths, progress, sizes_known=known)


def _read_lines(paths: Sequence[Path], progress: Progress, *, sizes_known: bool) -> Iterator[bytes]:
    """Yield the lines; where the first line of a file is no event, say what the file looks like."""
    total = sum(path.stat().st_size for path in paths) if sizes_known else None
    task = progress.add_task("reading", total=total)
    for block in read_blocks(paths):
        for index, line in block.non_blank_lines():
            if block.first_line_in_source + index == 1 and (what := format_advice(line)):
                progress.console.print(f"{block.source} looks like {what}")
            yield line
        progress.advance(task, block.bytes_read)
