"""The lines of files and pipes, in blocks as large as what can be had without waiting.

Every command that reads events reads them here, so that all of them see the same lines: without the byte order mark at
the beginning of a file, without CR at the end of a line, and with the last line also where no line break ends it.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from streams.edge.files.input_file import Opened, opened

_BLOCK_BYTES: Final = 1 << 20
_BLOCK_LINES: Final = 4096
# Longer than any event may be: what follows in such a line is not kept, since the line is refused for its length.
_LONGEST: Final = 1 << 16
_MARK: Final = b"\xef\xbb\xbf"


class Block(NamedTuple):
    """Consecutive lines of one source, without their line breaks.

    `first` is the number of the first line, counted over all sources from 1; `size` is how many bytes of the file
    were read for the block.
    """

    source: str
    first: int
    first_in_source: int
    lines: list[bytes]
    size: int

    def place(self, index: int) -> str:
        """Return where the line at `index` stands, as FILE:LINE."""
        return f"{self.source}:{self.first_in_source + index}"

    def filled(self) -> Iterator[tuple[int, bytes]]:
        """Yield every line that is not blank with its index; blank lines say nothing and are no fault."""
        return ((index, line) for index, line in enumerate(self.lines) if line and not line.isspace())


def blocks(paths: Iterable[Path]) -> Iterator[Block]:
    """Return the lines of all files, read one after the other; the path `-` is the standard input.

    Raises OSError for a file that cannot be read.
    """
    number = 1
    for path in paths:
        with opened(path) as file:
            for block in _of_file(file, str(path), number):
                yield block
                number = block.first + len(block.lines)


def blocks_of(lines: Iterable[bytes], source: str = "", *, at_most: int = _BLOCK_LINES) -> Iterator[Block]:
    """Return lines that are made on the way, such as a simulation's, in blocks of `at_most`.

    A block is complete when it leaves: lines that come slowly and must leave at once want small ones.
    """
    remaining, number = iter(lines), 1
    while some := list(islice(remaining, at_most)):
        yield Block(source, number, number, some, sum(map(len, some)))
        number += len(some)


def _of_file(file: Opened, source: str, number: int) -> Iterator[Block]:
    begun, start, taken = b"", number, 0
    while read := file.read1(_BLOCK_BYTES):
        *lines, begun = (begun + read).split(b"\n")
        if lines:
            yield _block(source, number, start, lines, file.taken - taken)
            number, taken = number + len(lines), file.taken
        begun = _bounded(begun)
    if begun:
        yield _block(source, number, start, [begun], file.taken - taken)


def _block(source: str, number: int, start: int, lines: list[bytes], size: int) -> Block:
    if number == start:
        lines[0] = lines[0].removeprefix(_MARK)
    return Block(source, number, number - start + 1, [_bounded(line).removesuffix(b"\r") for line in lines], size)


def _bounded(line: bytes) -> bytes:
    """Return as much of a line as it takes to refuse it for its length; of one that long never nothing but blanks."""
    if len(line) <= _LONGEST:
        return line
    kept = line[:_LONGEST]
    return b"?" * _LONGEST if kept.isspace() else kept
