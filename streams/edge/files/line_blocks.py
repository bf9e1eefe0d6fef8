"""Read the lines of files and pipes, in blocks of what is available without waiting.

Every command that reads events uses this module, so that all commands see the same lines: without a byte order mark at
the beginning of a file, without CR at the end of a line, and with a last line that no line break ends.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from streams.edge.files.input_file import InputFile, open_input

_BLOCK_BYTES: Final = 1 << 20
_BLOCK_LINES: Final = 4096
# No event may be this long, so the rest of a longer line is not kept, and the line is refused for its length.
_MAX_LINE_BYTES: Final = 1 << 16
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


class LineBlock(NamedTuple):
    """Consecutive lines of one source, without their line breaks.

    `first_line` is the number of the first line, counted over all sources from 1; `bytes_read` is how many bytes of the
    file were read for the block.
    """

    source: str
    first_line: int
    first_line_in_source: int
    lines: list[bytes]
    bytes_read: int

    def location(self, index: int) -> str:
        """Return the position of the line at `index`, as FILE:LINE."""
        return f"{self.source}:{self.first_line_in_source + index}"

    def non_blank_lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield every line that is not blank with its index; blank lines are ignored and never refused."""
        return ((index, line) for index, line in enumerate(self.lines) if line and not line.isspace())


def read_blocks(paths: Iterable[Path]) -> Iterator[LineBlock]:
    """Yield the lines of all files, which are read one after the other; the path `-` is standard input.

    Raises OSError for a file that cannot be read.
    """
    line_number = 1
    for path in paths:
        with open_input(path) as file:
            for block in _read_file(file, str(path), line_number):
                yield block
                line_number = block.first_line + len(block.lines)


def read_lines(blocks: Iterable[LineBlock]) -> Iterator[bytes]:
    """Yield the lines of blocks that are not blank."""
    return (line for block in blocks for _, line in block.non_blank_lines())


def group_lines(lines: Iterable[bytes], source: str = "", *, max_lines: int = _BLOCK_LINES) -> Iterator[LineBlock]:
    """Yield blocks of up to `max_lines` generated lines, such as those of a simulation.

    A block is yielded when it is full, so lines that come slowly and must not wait need small blocks.
    """
    remaining, line_number = iter(lines), 1
    while block := list(islice(remaining, max_lines)):
        yield LineBlock(source, line_number, line_number, block, sum(map(len, block)))
        line_number += len(block)


def _read_file(file: InputFile, source: str, first_line: int) -> Iterator[LineBlock]:
    unfinished, source_start, bytes_before = b"", first_line, 0
    while chunk := file.read1(_BLOCK_BYTES):
        *lines, unfinished = (unfinished + chunk).split(b"\n")
        if lines:
            yield _make_block(source, first_line, source_start, lines, file.bytes_read - bytes_before)
            first_line, bytes_before = first_line + len(lines), file.bytes_read
        unfinished = _truncate(unfinished)
    if unfinished:
        yield _make_block(source, first_line, source_start, [unfinished], file.bytes_read - bytes_before)


def _make_block(source: str, first_line: int, source_start: int, lines: list[bytes], size: int) -> LineBlock:
    if first_line == source_start:
        lines[0] = lines[0].removeprefix(_BYTE_ORDER_MARK)
    return LineBlock(
        source, first_line, first_line - source_start + 1, [_truncate(line).removesuffix(b"\r") for line in lines], size
    )


def _truncate(line: bytes) -> bytes:
    """Return the start of a line that is too long, so that it is refused for its length and never looks blank."""
    if len(line) <= _MAX_LINE_BYTES:
        return line
    kept = line[:_MAX_LINE_BYTES]
    return b"?" * _MAX_LINE_BYTES if kept.isspace() else kept
