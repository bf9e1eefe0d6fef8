"""Supervises child processes: detects when one fails, and stops all of them with their descendants.

Every child leads its own process group, so that its descendants are stopped with it. An interrupt from the terminal
reaches this process alone, which then stops the children in order.
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
"""How long a process may take to exit after SIGTERM."""
_LOG_TAIL_LINES: Final = 12


class ProcessFailedError(Exception):
    """A process exited too early or with an error; the message has its name, its status and its last log lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpec:
    """A command to run; a service (`is_service`) must not exit, any other command must exit with status 0.

    `stdin` and `stdout` are file descriptors, which the supervisor closes after the start of the process.
    """

    name: str
    command: Sequence[str]
    is_service: bool = True
    stdin: int = DEVNULL
    stdout: int = DEVNULL


class Supervisor:
    """Starts, watches and stops processes; writes their standard error to files in `folder`."""

    def __init__(self, folder: Path, environment: Mapping[str, str], grace_seconds: float = GRACE_SECONDS) -> None:
        self._folder = folder
        self._environment = dict(environment)
        self._grace_seconds = grace_seconds
        self._processes: list[tuple[ProcessSpec, Process]] = []
        self._watchers: set[asyncio.Task[None]] = set()
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def start(self, spec: ProcessSpec) -> Process:
        """Start a process and watch it from now on."""
        with self._log_file(spec).open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *spec.command,
                stdin=spec.stdin,
                stdout=spec.stdout,
                stderr=log,
                env=self._environment,
                start_new_session=True,
            )
        for descriptor in (spec.stdin, spec.stdout):
            if descriptor >= 0:
                os.close(descriptor)
        self._processes.append((spec, process))
        watch = asyncio.create_task(self._wait_for_exit(spec, process))
        self._watchers.add(watch)
        return process

    async def wait_for_failure(self) -> None:
        """Wait until a process fails, and raise ProcessFailedError."""
        await asyncio.shield(self._failure)

    async def stop(self) -> None:
        """Stop all processes and their descendants, the last one first; kill those that ignore SIGTERM."""
        for watch in self._watchers:
            watch.cancel()
        for _, process in reversed(self._processes):
            _signal_group(process, signal.SIGTERM)
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), self._grace_seconds)
            _signal_group(process, signal.SIGKILL)
            await process.wait()
        self._processes.clear()

    async def _wait_for_exit(self, spec: ProcessSpec, process: Process) -> None:
        status = await process.wait()
        if (spec.is_service or status) and not self._failure.done():
            self._failure.set_exception(
                ProcessFailedError(f"{spec.name} exited with status {status}\n{self._log_tail(spec)}")
            )

    def _log_tail(self, spec: ProcessSpec) -> str:
        return "\n".join(self._log_file(spec).read_text(errors="replace").splitlines()[-_LOG_TAIL_LINES:])

    def _log_file(self, spec: ProcessSpec) -> Path:
        return self._folder / f"{spec.name}.log"


def _signal_group(process: Process, number: signal.Signals) -> None:
    """Send a signal to the process group of a process, if the group still exists."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
