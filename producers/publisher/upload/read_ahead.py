"""Reads blocks of lines ahead of the sender."""

from collections.abc import Iterator
from contextlib import suppress
from queue import Empty, Full, Queue
from threading import Thread

from streams.edge.files.line_blocks import LineBlock


class ReadAhead:
    """Reads up to `depth` blocks in advance on its own thread, so that the sender does not wait for the disk.

    The thread is a daemon, so that a thread that waits for a pipe does not keep the process alive.
    """

    def __init__(self, source: Iterator[LineBlock], depth: int = 4) -> None:
        self._source = source
        self._queue: Queue[LineBlock | Exception | None] = Queue(depth)
        self._is_stopped = False
        Thread(target=self._read, name="safeclock-lines", daemon=True).start()

    def next_block(self) -> LineBlock | None:
        """Wait for the next block and return it; None at the end. Raises the error of a read that failed."""
        block = self._queue.get()
        if isinstance(block, Exception):
            raise block
        return block

    @property
    def is_empty(self) -> bool:
        """Whether no block is ready."""
        return self._queue.empty()

    def stop(self) -> None:
        """Stop reading, and let a waiting `next_block` return None."""
        self._is_stopped = True
        with suppress(Empty):
            while True:
                self._queue.get_nowait()
        with suppress(Full):
            self._queue.put_nowait(None)

    def _read(self) -> None:
        try:
            for block in self._source:
                if self._is_stopped:
                    return
                self._queue.put(block)
        except Exception as error:  # noqa: BLE001 - `next_block` raises it
            self._queue.put(error)
        else:
            self._queue.put(None)
