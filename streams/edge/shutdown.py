"""Stop a process on SIGTERM or SIGINT: in order if possible, and in any case within a time limit."""

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
"""How long an orderly stop may take; a supervisor kills a process that takes much longer."""
_STOPPED_AT_START: Final = "the process was stopped while it was starting, before it had done anything"
STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

_exit_lock = threading.Lock()


class ProcessExit(NamedTuple):
    """The exit code of a process and the last line of its log."""

    code: int
    line: str


def exit_with_log(process_exit: ProcessExit) -> NoReturn:
    """Log the last line and end this process without waiting for threads and tasks; further calls have no effect."""
    _exit_lock.acquire()  # the lock is never released, so that no other thread ends the process
    log.log(logging.INFO if process_exit.code == OK else logging.WARNING, "%s", process_exit.line)
    exit_now(process_exit.code)


def exit_now(code: int) -> NoReturn:
    """End this process without waiting for threads and tasks, since those of a Kafka client may never end."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


@contextmanager
def exits_on_stop_signal() -> Iterator[None]:
    """Let a starting process, which has done nothing yet, exit at once on a stop signal.

    `StopSignals` replaces these handlers; after the block the previous handlers are restored.
    """

    def heard(_number: int, _frame: FrameType | None) -> None:
        if not logging.getLogger().handlers:
            sys.stderr.write(f"{_STOPPED_AT_START}\n")
        exit_with_log(ProcessExit(OK, _STOPPED_AT_START))

    previous = {number: signal.signal(number, heard) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def exit_after(line: str, seconds: float = STOP_SECONDS) -> None:
    """End this command with a line and FAILURE unless it ends within `seconds`."""

    def overdue() -> None:
        sys.stderr.write(f"{line}\n")
        exit_now(FAILURE)

    timer = threading.Timer(seconds, overdue)
    timer.daemon = True
    timer.start()


class StopSignals:
    """Receives stop signals: sets `requested`, and ends the process after `seconds`, even if its event loop is busy.

    `timeout_exit` returns the exit code and last line in that case. Create an instance in the main thread, while the
    loop is running.
    """

    def __init__(self, timeout_exit: Callable[[], ProcessExit], seconds: float = STOP_SECONDS) -> None:
        self.requested = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._timeout_exit = timeout_exit
        self._timer = threading.Timer(seconds, lambda: exit_with_log(self._timeout_exit()))
        self._timer.daemon = True
        self._is_requested = False
        for number in STOP_SIGNALS:
            # The loop would call a handler of its own only after the running task, which may take long.
            signal.signal(number, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if not self._is_requested:
            self._is_requested = True
            self._timer.start()
            self._loop.call_soon_threadsafe(self.requested.set)
