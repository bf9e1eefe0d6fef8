"""The commands that the demo starts, and their environment."""

import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dashboards.demo.supervisor import ProcessSpec, Supervisor
from streams.contract.timestamps import format_timestamp
from streams.domain.duration_bins import DAY

HOST: Final = "127.0.0.1"
APPLICATION: Final = "safeclock"
REGISTRY: Final = Path(__file__).resolve().parents[2] / "deploy/registry/demo.toml"
_SAFECLOCK_COMMAND: Final = (sys.executable, "-m", "safeclock")
_WEEK: Final = 7 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoHistory:
    """The simulated history: about `reports` reports in `weeks` weeks until `end_ms`, then `live_rate` per second."""

    end_ms: int
    seed: int = 7
    weeks: int = 13
    reports: int = 150_000
    live_rate: float = 5.0

    @property
    def start_ms(self) -> int:
        """The first instant of the history, in epoch milliseconds."""
        return self.end_ms - self.weeks * _WEEK

    def simulator_options(self) -> tuple[str, ...]:
        """Return the simulator's command-line options for this history."""
        start = format_timestamp(self.start_ms)
        return f"--seed={self.seed}", f"--weeks={self.weeks}", f"--reports={self.reports}", f"--start={start}"


def free_port() -> int:
    """Return a port of this machine that no process listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def service_environment(bootstrap: str, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of every process; inherited SAFECLOCK_* variables are left out."""
    return {name: value for name, value in inherited.items() if not name.startswith("SAFECLOCK_")} | {
        "SAFECLOCK_BOOTSTRAP": bootstrap,
        "SAFECLOCK_APPLICATION": APPLICATION,
        "SAFECLOCK_REGISTRY": str(REGISTRY),
        "SAFECLOCK_RECORD_TIME": "create",
        "SAFECLOCK_COMMIT_INTERVAL_MS": "500",
        "SAFECLOCK_HTTP_HOST": HOST,
        "SAFECLOCK_HTTP_PORT": "0",
        "SAFECLOCK_PUBLISH_BOOTSTRAP": bootstrap,
        "SAFECLOCK_PUBLISH_IDEMPOTENT": "false",
        "PYTHONUNBUFFERED": "1",
    }


def broker_process(port: int) -> ProcessSpec:
    """Return the process of the embedded broker on a port."""
    return ProcessSpec(name="broker", command=(*_SAFECLOCK_COMMAND, "broker", f"--port={port}"))


def worker_process() -> ProcessSpec:
    """Return the process of the only worker; the embedded broker has no transactions, so a second is not allowed."""
    return ProcessSpec(name="worker", command=(*_SAFECLOCK_COMMAND, "worker"))


def truth_process(history: DemoHistory, path: Path) -> ProcessSpec:
    """Return the process that writes the ground truth; its priority is low, since the demo needs it last."""
    command = (*_SAFECLOCK_COMMAND, "simulate", *history.simulator_options(), f"--truth={path}", "--no-events")
    return ProcessSpec(name="truth", command=("nice", *command), is_service=False)


async def start_publisher(supervisor: Supervisor, history: DemoHistory) -> None:
    """Start the simulator and the publisher, connected by a pipe."""
    reading, writing = os.pipe()
    simulate = (*_SAFECLOCK_COMMAND, "simulate", *history.simulator_options(), f"--live={history.live_rate}")
    publish = (*_SAFECLOCK_COMMAND, "publish", f"--registry={REGISTRY}", "--history", "--unchecked", "-")
    await supervisor.start(ProcessSpec(name="publisher", command=publish, stdin=reading))
    await supervisor.start(ProcessSpec(name="simulator", command=simulate, stdout=writing))
