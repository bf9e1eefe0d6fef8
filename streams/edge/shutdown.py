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

from streams.edge.exit_codes import FAILURE, OK

log = logging.getLogger(__name__)

STOP_SECONDS: Final = 4.5
"""How long an orderly end may take; whoever asked kills a process that takes much longer."""
_STOPPED_AT_START: Final = "stopped while it was starting: nothing was begun"
STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

_exit_lock = threading.Lock()


class ProcessExit(NamedTuple):
    """How a process ends: its exit code, and the last line of its log."""

    code: int
    line: str


def exit_with_log(process_exit: ProcessExit) -> NoReturn:
    """Write the last line and end this process, whatever threads and tasks are left; the first who calls this wins."""
    _exit_lock.acquire()  # for good: nobody else ends this process
    log.log(logging.INFO if process_exit.code == OK else logging.WARNING, "%s", process_exit.line)
    exit_now(process_exit.code)


def exit_now(code: int) -> NoReturn:
    """End this process without waiting for threads and tasks: those of a Kafka client may never end."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


@contextmanager
def exits_on_stop_signal() -> Iterator[None]:
    """Let a process that is starting end as soon as it is asked to stop: it has begun nothing yet.

    Whoever begins something replaces the handlers, as `Stopping` does; the former ones come back after the block.
    """

    def heard(_number: int, _frame: FrameType | None) -> None:
        if not logging.getLogger().handlers:
            sys.stderr.write(f"{_STOPPED_AT_START}\n")
        exit_with_log(ProcessExit(OK, _STOPPED_AT_START))

    former = {number: signal.signal(number, heard) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def exit_after(line: str, seconds: float = STOP_SECONDS) -> None:
    """End this command with a line and FAULT unless it has ended by itself in so many seconds."""

    def overdue() -> None:
        sys.stderr.write(f"{line}\n")
        exit_now(FAILURE)

    timer = threading.Timer(seconds, overdue)
    timer.daemon = True
    timer.start()


class StopSignals:
    """Hears that this process is asked to stop; `asked` is set then.

    After `seconds` more the process ends, also when its event loop is busy: `overdue` says how it ended. To be made in
    the main thread, with the running loop.
    """

    def __init__(self, timeout_exit: Callable[[], ProcessExit], seconds: float = STOP_SECONDS) -> None:
        self.requested = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._timeout_exit = timeout_exit
        self._timer = threading.Timer(seconds, lambda: exit_with_log(self._timeout_exit()))
        self._timer.daemon = True
        self._is_requested = False
        for number in STOP_SIGNALS:
            # A handler of the loop would wait for whatever it is doing.
            signal.signal(number, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if not self._is_requested:
            self._is_requested = True
            self._timer.start()
            self._loop.call_soon_threadsafe(self.requested.set)
