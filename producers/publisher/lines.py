"""The lines of files or of a pipe, in blocks as large as what can be had without waiting."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from queue import Empty, Full, Queue
from threading import Thread
from typing import Final, NamedTuple, Protocol

STDIN: Final = "-"
_BLOCK_BYTES: Final = 1 << 20
_BLOCK_LINES: Final = 4096
# Longer than any event may be; the rest of such a line need not be kept to be refused.
_LONGEST: Final = 1 << 16


class Block(NamedTuple):
    """Consecutive lines of one source; `first` is the number of the first one, counted over all sources from 1."""

    source: str
    first: int
    first_in_source: int
    lines: list[bytes]
    size: int

    def place(self, index: int) -> str:
        """Return where the line at `index` stands, as FILE:LINE."""
        return f"{self.source}:{self.first_in_source + index}"


class _Readable(Protocol):
    def read1(self, size: int, /) -> bytes:
        """Return what can be had with at most one read, nothing at the end."""


def blocks(paths: Iterable[Path]) -> Iterator[Block]:
    """Return the lines of all files, read one after the other; the path `-` is the standard input.

    Raises OSError for a file that cannot be read.
    """
    number = 1
    for path in paths:
        for block in _of_path(path, number):
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


def _of_path(path: Path, number: int) -> Iterator[Block]:
    if str(path) == STDIN:
        with open(0, "rb", closefd=False) as stream:
            yield from _of_stream(stream, STDIN, number)
        return
    with path.open("rb") as stream:
        yield from _of_stream(stream, str(path), number)


def _of_stream(stream: _Readable, source: str, number: int) -> Iterator[Block]:
    begun, start = b"", number
    while read := stream.read1(_BLOCK_BYTES):
        *lines, begun = (begun[:_LONGEST] + read).split(b"\n")
        if lines:
            yield Block(source, number, number - start + 1, lines, len(read))
            number += len(lines)
    if begun:
        yield Block(source, number, number - start + 1, [begun], 0)


class ReadAhead:
    """Reads blocks on a thread of its own, a few in advance, so that who works on them never waits for a disk.

    The thread is a daemon: one that waits on an open pipe does not keep the process alive.
    """

    def __init__(self, source: Iterator[Block], depth: int = 4) -> None:
        self._source = source
        self._queue: Queue[Block | Exception | None] = Queue(depth)
        self._released = False
        Thread(target=self._read, name="safeclock-lines", daemon=True).start()

    def next(self) -> Block | None:
        """Return the next block, waiting for it; None at the end. Raises what reading raised."""
        block = self._queue.get()
        if isinstance(block, Exception):
            raise block
        return block

    @property
    def idle(self) -> bool:
        """Whether no block is ready."""
        return self._queue.empty()

    def release(self) -> None:
        """Stop reading, and let a `next` that waits return None: nobody wants the rest."""
        self._released = True
        with suppress(Empty):
            while True:
                self._queue.get_nowait()
        with suppress(Full):
            self._queue.put_nowait(None)

    def _read(self) -> None:
        try:
            for block in self._source:
                if self._released:
                    return
                self._queue.put(block)
        except Exception as error:  # noqa: BLE001 - raised where the blocks are used
            self._queue.put(error)
        else:
            self._queue.put(None)
