"""Real workers and boards, as an operator starts them, with their logs."""

import os
import resource
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.support.paths import ROOT
from tests.support.process.running_process import SAFECLOCK, SafeclockProcess
from tests.support.waiting import TIMEOUT_SECONDS, wait_until

REGISTRY: Final = """
partitions = 4

[[platforms]]
id = "harbor"
provider = "Harbor Ltd"
cadence = "5m"
jurisdictions = ["EU"]
report_filed = "{prefix}-filed"
action_taken = "{prefix}-taken"
"""


class LoggedProcess(SafeclockProcess):
    """A worker or a board whose pages and log a test waits for."""

    def wait_for_status(self, path: str, status: int = 200) -> None:
        """Return when a page has a status."""
        wait_until(
            lambda: self.get_status(path) == status or self.exit_code is not None, f"{status} of {path}", self.log_text
        )
        assert self.exit_code is None, self.log_text()[-2000:]

    def wait_for_log(self, words: str) -> None:
        """Return when the log holds some words."""
        wait_until(lambda: words in self.log_text(), f"{words!r} in the log", self.log_text)

    def timed_terminate(self) -> tuple[int, float]:
        """Ask the process to stop; return the exit code and how many seconds that took."""
        began = time.monotonic()
        return self.terminate(), time.monotonic() - began


def _limit_open_files(files: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))


class ProcessStarter:
    """Starts processes that are told the same."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self.environment = environment
        self._started: list[LoggedProcess] = []

    def __call__(self, kind: str, open_files: int | None = None, **more: str) -> LoggedProcess:
        """Start a process."""
        log = self._folder / f"{kind}-{len(self._started)}.log"
        limit = None if open_files is None else _limit_open_files(open_files)
        environment = {**self.environment, **more}
        self._started.append(LoggedProcess((*SAFECLOCK, kind), environment, log, before_start=limit))
        return self._started[-1]

    def stop_all(self) -> None:
        """End all of them."""
        for process in self._started:
            process.kill()


@contextmanager
def process_starter(folder: Path, **environment: str) -> Iterator[ProcessStarter]:
    """Start processes in the block and end them after it."""
    start = ProcessStarter(folder, environment)
    try:
        yield start
    finally:
        start.stop_all()


def create_topics(folder: Path, bootstrap: str, prefix: str) -> dict[str, str]:
    """Make topics of our own on a broker and return what processes are told."""
    registry = folder / f"{prefix}.toml"
    registry.write_text(REGISTRY.format(prefix=prefix), encoding="utf-8")
    environment = {
        "SAFECLOCK_BOOTSTRAP": bootstrap,
        "SAFECLOCK_REGISTRY": str(registry),
        "SAFECLOCK_APPLICATION": prefix,
    }
    made = subprocess.run(
        [*SAFECLOCK, "admin", "apply", "--replication", "1"],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_SECONDS,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    return environment
