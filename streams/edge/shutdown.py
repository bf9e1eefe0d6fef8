"""Stopping a process that was asked to (SIGTERM, SIGINT): in order if that is possible, and in time in any case."""

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final, NamedTuple, NoReturn

from streams.edge.exit_codes import FAULT, OK

log = logging.getLogger(__name__)

STOP_SECONDS: Final = 4.5
"""How long an orderly end may take; whoever asked kills a process that takes much longer."""
_NOTHING_BEGUN: Final = "stopped while it was starting: nothing was begun"
SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

_ending = threading.Lock()


class Ending(NamedTuple):
    """How a process ends: its exit code, and the last line of its log."""

    code: int
    line: str


def end(ending: Ending) -> NoReturn:
    """Write the last line and end this process, whatever threads and tasks are left; the first who calls this wins."""
    _ending.acquire()  # for good: nobody else ends this process
    log.log(logging.INFO if ending.code == OK else logging.WARNING, "%s", ending.line)
    leave(ending.code)


def leave(code: int) -> NoReturn:
    """End this process without waiting for threads and tasks: those of a Kafka client may never end."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


@contextmanager
def stops_at_once() -> Iterator[None]:
    """Let a process that is starting end as soon as it is asked to stop: it has begun nothing yet.

    Whoever begins something replaces the handlers, as `Stopping` does; the former ones come back after the block.
    """

    def heard(_number: int, _frame: FrameType | None) -> None:
        if not logging.getLogger().handlers:
            sys.stderr.write(f"{_NOTHING_BEGUN}\n")
        end(Ending(OK, _NOTHING_BEGUN))

    former = {number: signal.signal(number, heard) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def end_within(line: str, seconds: float = STOP_SECONDS) -> None:
    """End this command with a line and FAULT unless it has ended by itself in so many seconds."""

    def overdue() -> None:
        sys.stderr.write(f"{line}\n")
        leave(FAULT)

    timer = threading.Timer(seconds, overdue)
    timer.daemon = True
    timer.start()


class Stopping:
    """Hears that this process is asked to stop; `asked` is set then.

    After `seconds` more the process ends, also when its event loop is busy: `overdue` says how it ended. To be made in
    the main thread, with the running loop.
    """

    def __init__(self, overdue: Callable[[], Ending], seconds: float = STOP_SECONDS) -> None:
        self.asked = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._overdue = overdue
        self._timer = threading.Timer(seconds, lambda: end(self._overdue()))
        self._timer.daemon = True
        self._heard = False
        for number in SIGNALS:
            # A handler of the loop would wait for whatever it is doing.
            signal.signal(number, self._hear)

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        if not self._heard:
            self._heard = True
            self._timer.start()
            self._loop.call_soon_threadsafe(self.asked.set)
