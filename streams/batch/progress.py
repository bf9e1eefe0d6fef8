"""Read the lines of files and show a progress bar on a terminal."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from streams.edge.files.format_detection import format_advice
from streams.edge.files.input_file import STDIN, is_rereadable
from streams.edge.files.line_blocks import LineBlock, read_blocks, read_lines
from streams.edge.terminal import console


@contextmanager
def open_with_progress(files: Sequence[Path]) -> Iterator[Iterator[bytes]]:
    """Yield an iterator over the lines of `files` in order, without blank lines; no file or `-`: standard input.

    On a terminal, a progress bar is shown.
    """
    paths = files or (STDIN,)
    terminal = console(stderr=True)
    can_show_sizes = terminal.is_terminal and all(map(is_rereadable, paths))
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=terminal,
        transient=True,
        disable=not can_show_sizes,
    ) as progress:
        yield read_lines(_show_progress(paths, progress, sizes_known=can_show_sizes))


def _show_progress(paths: Sequence[Path], progress: Progress, *, sizes_known: bool) -> Iterator[LineBlock]:
    """Yield the blocks; if the first line of a file is no event, print which format the file seems to have."""
    total = sum(path.stat().st_size for path in paths) if sizes_known else None
    task = progress.add_task("reading", total=total)
    for block in read_blocks(paths):
        if block.first_line_in_source == 1 and (advice := format_advice(block.lines[0])):
            progress.console.print(f"{block.source} looks like {advice}")
        yield block
        progress.advance(task, block.bytes_read)
