"""Other processes as parts of one whole: when one fails all are stopped, and none is left behind.

Every part leads a process group of its own, so that what it starts ends with it, and an interrupt from the terminal
reaches this process alone, which then stops the parts in their order.
"""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

GRACE_SECONDS: Final = 5.0
"""How long a part may take to end when it is asked to."""
_LAST_LINES: Final = 12


class PartFailedError(Exception):
    """A part ended that should have gone on; the message is its name, its status and its last words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A command to run as a part; `lasting` parts must not end by themselves, others must end well.

    `stdin` and `stdout` are file descriptors, which are closed here once the part has them.
    """

    name: str
    command: Sequence[str]
    lasting: bool = True
    stdin: int = DEVNULL
    stdout: int = DEVNULL


class Parts:
    """The parts that were started, in their order; their standard errors are kept in `folder`."""

    def __init__(self, folder: Path, environment: Mapping[str, str], grace_seconds: float = GRACE_SECONDS) -> None:
        self._folder = folder
        self._environment = dict(environment)
        self._grace_seconds = grace_seconds
        self._running: list[tuple[Task, Process]] = []
        self._watching: set[asyncio.Task[None]] = set()
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def start(self, task: Task) -> Process:
        """Start a part and watch it from now on."""
        with self._log(task).open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *task.command,
                stdin=task.stdin,
                stdout=task.stdout,
                stderr=log,
                env=self._environment,
                start_new_session=True,
            )
        for given in (task.stdin, task.stdout):
            if given >= 0:
                os.close(given)
        self._running.append((task, process))
        watch = asyncio.create_task(self._watch(task, process))
        self._watching.add(watch)
        return process

    async def failure(self) -> None:
        """Wait until a part fails, and raise PartFailedError."""
        await asyncio.shield(self._failure)

    async def stop(self) -> None:
        """Stop every part, the last one first, and whatever they started; those that do not listen are killed."""
        for watch in self._watching:
            watch.cancel()
        for _, process in reversed(self._running):
            _signal(process, signal.SIGTERM)
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), self._grace_seconds)
            _signal(process, signal.SIGKILL)
            await process.wait()
        self._running.clear()

    async def _watch(self, task: Task, process: Process) -> None:
        status = await process.wait()
        if (task.lasting or status) and not self._failure.done():
            self._failure.set_exception(PartFailedError(f"{task.name} ended with status {status}\n{self._words(task)}"))

    def _words(self, task: Task) -> str:
        return "\n".join(self._log(task).read_text(errors="replace").splitlines()[-_LAST_LINES:])

    def _log(self, task: Task) -> Path:
        return self._folder / f"{task.name}.log"


def _signal(process: Process, number: signal.Signals) -> None:
    """Signal the whole group of a part, if anybody of it is left."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
