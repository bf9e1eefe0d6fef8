"""A contender at work: a process that tells what it has seen and counted, seen from outside."""

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Final, NamedTuple, Protocol

from tests.support.paths import ROOT
from tests.tools.bench.worker_process import WorkerStalledError

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_POLL_SECONDS: Final = 0.05


class Progress(NamedTuple):
    """What a contender says: the records that its process has seen, and the totals that it has."""

    records_read: int
    totals: object


class ProcessSample(NamedTuple):
    """A word, and when it was heard: by the wall, by processor time, both in seconds, and with how much memory.

    `peak` is the most that was ever resident, in bytes, of the process and its children together.
    """

    progress: Progress
    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int


class PeerProcess(Protocol):
    """A process that was started and is heard."""

    @property
    def pid(self) -> int:
        """Return the process's number."""

    def progress(self) -> Progress | None:
        """Return what is new, or None after a moment in which nothing was; raises StalledError when it has ended."""

    def kill(self) -> None:
        """End the process with SIGKILL and wait until it is gone."""


class OutputReadingProcess:
    """A contestant that writes its words on its standard output, one a line; what else it says goes to `log`."""

    def __init__(self, command: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
        self._log = log
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=errors, text=True
            )
        self._progress: Queue[Progress] = Queue()
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Return the process's number."""
        return self._process.pid

    def progress(self) -> Progress | None:
        """Return the next word."""
        try:
            return self._progress.get(timeout=_POLL_SECONDS)
        except Empty:
            if self._process.poll() is not None:
                raise WorkerStalledError(
                    f"ended with {self._process.returncode}: {self._log.read_text()[-2000:]}"
                ) from None
            return None

    def kill(self) -> None:
        """End it; what it had said and nobody heard is lost."""
        self._process.kill()
        self._process.wait()
        self._reader.join()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):  # some greet on the same stream
                self._progress.put(Progress(**json.loads(line)))


def sample_process(word: Progress, pid: int) -> ProcessSample:
    """Return what a process has taken by now."""
    tree = _process_tree(pid)
    return ProcessSample(word, time.perf_counter(), sum(map(_cpu_seconds, tree)), sum(map(_peak_bytes, tree)))


def _process_tree(pid: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:  # it has just ended
        return []
    return [pid, *(one for child in children for one in _process_tree(child))]


def _cpu_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _peak_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)
