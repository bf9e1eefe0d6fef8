"""Real workers and boards, as an operator starts them, with their logs."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final

from tests.support.broker.ports import LOOPBACK, free_port
from tests.support.paths import ROOT

SAFECLOCK: Final = (sys.executable, "-m", "safeclock")
TIMEOUT_SECONDS: Final = 90.0
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


def wait_until(check: Callable[[], object], explain: Callable[[], str]) -> None:
    """Return when `check` is true; fail with what `explain` says when that takes too long."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not check():
        assert time.monotonic() < deadline, explain()
        time.sleep(0.05)


class LoggedProcess:
    """A process of ours; `log` is what it has written so far."""

    def __init__(self, kind: str, environment: Mapping[str, str], file: Path, open_files: int | None = None) -> None:
        self.port = free_port()
        self._file = file
        whole_environment = {**os.environ, "SAFECLOCK_HTTP_PORT": str(self.port), **environment}
        with file.open("wb") as output:
            self._process = subprocess.Popen(
                [*SAFECLOCK, kind],
                cwd=ROOT,
                env=whole_environment,
                stdout=output,
                stderr=output,
                preexec_fn=None if open_files is None else _limit_open_files(open_files),  # noqa: PLW1509 - nothing else runs here
            )

    @property
    def log(self) -> str:
        """What it has written so far."""
        return self._file.read_text(errors="replace")

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.poll()

    def get_page(self, path: str) -> int:
        """Return the status of a page, 0 when nobody answers within five seconds."""
        client = HTTPConnection(LOOPBACK, self.port, timeout=5)
        try:
            client.request("GET", path)
            return client.getresponse().status
        except (OSError, HTTPException):
            return 0
        finally:
            client.close()

    def wait_for_status(self, path: str, status: int = 200) -> None:
        """Return when a page has a status."""
        wait_until(lambda: self.get_page(path) == status or self.exit_code is not None, lambda: self.log[-2000:])
        assert self.exit_code is None, self.log[-2000:]

    def wait_for_log(self, words: str) -> None:
        """Return when the log holds some words."""
        wait_until(lambda: words in self.log, lambda: f"{words}?\n{self.log[-2000:]}")

    def terminate(self) -> tuple[int, float]:
        """Ask it to stop and return the exit code and how many seconds that took."""
        began = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(TIMEOUT_SECONDS)
        return code, time.monotonic() - began

    def wait_until_ended(self) -> int:
        """Wait until it ends by itself and return the exit code."""
        return self._process.wait(TIMEOUT_SECONDS)

    def kill(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.wait()


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
        self._started.append(LoggedProcess(kind, {**self.environment, **more}, log, open_files))
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
