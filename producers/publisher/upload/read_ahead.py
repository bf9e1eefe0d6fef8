"""Reading ahead of what is sent."""

from collections.abc import Iterator
from contextlib import suppress
from queue import Empty, Full, Queue
from threading import Thread

from streams.edge.files.line_blocks import LineBlock


class ReadAhead:
    """Reads blocks on a thread of its own, a few in advance, so that who works on them never waits for a disk.

    The thread is a daemon: one that waits on an open pipe does not keep the process alive.
    """

    def __init__(self, source: Iterator[LineBlock], depth: int = 4) -> None:
        self._source = source
        self._queue: Queue[LineBlock | Exception | None] = Queue(depth)
        self._is_stopped = False
        Thread(target=self._read, name="safeclock-lines", daemon=True).start()

    def next_block(self) -> LineBlock | None:
        """Return the next block, waiting for it; None at the end. Raises what reading raised."""
        block = self._queue.get()
        if isinstance(block, Exception):
            raise block
        return block

    @property
    def is_empty(self) -> bool:
        """Whether no block is ready."""
        return self._queue.empty()

    def stop(self) -> None:
        """Stop reading, and let a `next` that waits return None: nobody wants the rest."""
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
        except Exception as error:  # noqa: BLE001 - raised where the blocks are used
            self._queue.put(error)
        else:
            self._queue.put(None)
