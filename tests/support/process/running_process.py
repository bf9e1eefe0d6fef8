"""A process that a test starts, with its log, and the pages of a worker or a board."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final

from tests.support.broker.ports import LOOPBACK, free_port
from tests.support.paths import ROOT
from tests.support.waiting import TIMEOUT_SECONDS

SAFECLOCK: Final = (sys.executable, "-m", "safeclock")
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class RunningProcess:
    """A process that runs; `log` is the file with everything that it prints."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        before_start: Callable[[], None] | None = None,
    ) -> None:
        self.command = command
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, **environment},
                stdout=output,
                stderr=output,
                preexec_fn=before_start,  # noqa: PLW1509 - no other thread of the tests forks
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal; None while the process runs."""
        return self._process.poll()

    def log_text(self) -> str:
        """Return everything that the process has printed."""
        return self.log.read_text(errors="replace")

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        self._process.send_signal(number)

    def is_stopped(self) -> bool:
        """Return whether a signal has stopped the process and none has let it go on."""
        return _process_fields(self.pid)[0] == "T"

    def cpu_seconds(self) -> float:
        """Return the processor time of the process, in seconds."""
        fields = _process_fields(self.pid)
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def wait(self, seconds: float = TIMEOUT_SECONDS) -> int:
        """Wait until the process ends and return its exit code; raises subprocess.TimeoutExpired."""
        return self._process.wait(seconds)

    def terminate(self) -> int:
        """Ask the process to stop and return its exit code."""
        self._process.terminate()
        return self.wait()

    def kill(self) -> None:
        """Kill the process if it still runs."""
        self._process.kill()
        self._process.wait()


class SafeclockProcess(RunningProcess):
    """A worker or a board; its pages are on `port`."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        port: int | None = None,
        before_start: Callable[[], None] | None = None,
    ) -> None:
        self.port = port or free_port()
        super().__init__(command, {"SAFECLOCK_HTTP_PORT": str(self.port), **environment}, log, before_start)

    @property
    def address(self) -> str:
        """The host and port of its pages."""
        return f"{LOOPBACK}:{self.port}"

    def get(self, path: str) -> tuple[int, str]:
        """Return status and text of a page; 0 and "" if nobody answers within ten seconds."""
        connection = self._connect()
        try:
            connection.request("GET", path, headers=self._headers())
            response = connection.getresponse()
            return response.status, response.read().decode()
        except (OSError, HTTPException):
            return 0, ""
        finally:
            connection.close()

    def get_status(self, path: str) -> int:
        """Return the status of a page, 0 if nobody answers."""
        return self.get(path)[0]

    def get_page(self, path: str) -> str:
        """Return the text of a page, whatever its status; "" if nobody answers."""
        return self.get(path)[1]

    def counter_total(self, metric: str) -> float:
        """Return the sum over all series of a metric."""
        lines = self.get_page("/metrics").splitlines()
        series = [line for line in lines if line.startswith((f"{metric} ", f"{metric}{{"))]
        return sum(float(line.rpartition(" ")[2]) for line in series)

    def _connect(self) -> HTTPConnection:
        return HTTPConnection(LOOPBACK, self.port, timeout=10)

    def _headers(self) -> dict[str, str]:
        return {}


def _process_fields(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the command, the state first."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
