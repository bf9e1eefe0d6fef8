"""The demo as it is run, with a shorter history: on a broker, a worker, a publisher and a board of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from producers.simulation.model.config import SimulationConfig
from producers.simulation.published_events import encode_line
from producers.simulation.traffic import simulate_history
from streams.batch.load import load_files
from streams.batch.measure import measure
from streams.contract.registry.file import read_registry
from tests.support.paths import DEMO_REGISTRY, ROOT
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.usefixtures("embedded_broker"),  # for a sentence where there is none; the demo starts its own
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are counted by way of /proc"),
]

REPORTS = 3_000
MARK_VARIABLE = "MARK_OF_A_TEST"
DEMO_PROGRAM = (
    "import sys; from pathlib import Path; from dashboards.demo.demo import DemoOptions, run_demo; "
    f"sys.exit(run_demo(DemoOptions(seconds=300, json_file=Path(sys.argv[1]), reports={REPORTS})))"
)


class DemoProcess:
    """A demo that runs, and every process that it started."""

    def __init__(self, json_file: Path, out: Path) -> None:
        self.out = out
        self._mark = uuid4().hex
        with out.open("wb") as stdout:
            self.process = subprocess.Popen(
                [sys.executable, "-c", DEMO_PROGRAM, str(json_file)],
                stdout=stdout,
                stderr=subprocess.STDOUT,
                env={**os.environ, MARK_VARIABLE: self._mark},
                cwd=ROOT,
            )

    def child_processes(self) -> dict[int, str]:
        """Return the command lines of the processes that this demo started, itself left out, by their ids."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                environment, command = (folder / "environ").read_bytes(), (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if (
                f"{MARK_VARIABLE}={self._mark}".encode() in environment
                and int(folder.name) != self.process.pid
                and command
            ):
                found[int(folder.name)] = command.replace(b"\0", b" ").decode()
        return found

    def output(self) -> str:
        """Return everything that was printed so far."""
        return self.out.read_text()

    def has_no_children(self) -> None:
        """Assert that no process of it is left; one that was killed may take a moment to be gone."""
        wait_until(lambda: not self.child_processes(), "every part to end", lambda: str(self.child_processes()), 30)

    def wait_until(self, holds: Callable[[], bool], seconds: float) -> None:
        """Wait until something holds; fails when the demo ends before or the time is over."""
        deadline = time.monotonic() + seconds
        while not holds():
            assert self.process.poll() is None, self.output()
            assert time.monotonic() < deadline, self.output()
            time.sleep(0.1)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[DemoProcess]:
    """A demo that has just been started; whatever is left of it afterwards is killed."""
    running = DemoProcess(tmp_path / "figures.json", tmp_path / "said.txt")
    try:
        yield running
    finally:
        for pid in (running.process.pid, *running.child_processes()):
            if running.process.poll() is None or pid != running.process.pid:
                os.kill(pid, signal.SIGKILL)
        running.process.wait()


def test_the_demo_judges_what_was_planted_and_leaves_nothing_behind(demo: DemoProcess, tmp_path: Path) -> None:
    demo.wait_until(lambda: "Saffron:" in demo.output(), 120)
    assert len(demo.child_processes()) >= 5

    demo.process.send_signal(signal.SIGINT)
    demo.process.wait(60)

    demo.has_no_children()
    figures: Any = json.loads((tmp_path / "figures.json").read_text())
    assert figures["schema"] == "safeclock.measure/1"
    assert {check["platform"] for check in figures["checks"]} == set(figures["truth"]["platforms"])
    assert demo.process.returncode == (0 if all(check["is_confirmed"] for check in figures["checks"]) else 1)
    assert figures["refused"] == {}
    assert _group(figures, "saffron") == _group(_batch(figures["truth"]["from"]), "saffron")


def test_a_demo_that_is_ended_while_it_starts_says_that_and_no_more(demo: DemoProcess) -> None:
    demo.wait_until(lambda: "simulate" in " ".join(demo.child_processes().values()), 60)

    demo.process.send_signal(signal.SIGINT)
    demo.process.wait(60)

    assert demo.output().splitlines()[-1] == "stopped before the whole history was measured"
    demo.has_no_children()


def test_a_part_that_fails_ends_the_demo_and_everything_in_it(demo: DemoProcess) -> None:
    demo.wait_until(lambda: "safeclock worker" in " ".join(demo.child_processes().values()), 60)
    worker = next(pid for pid, command in demo.child_processes().items() if "safeclock worker" in command)

    os.kill(worker, signal.SIGKILL)
    demo.process.wait(60)

    assert demo.process.returncode == 1
    assert "failed: worker exited with status -9" in demo.output()
    demo.has_no_children()


def _batch(begin: str) -> dict[str, object]:
    """Return the document of the same history by the batch path."""
    start_ms = round(datetime.fromisoformat(begin).timestamp() * 1000)
    plan = SimulationConfig(seed=7, start_ms=start_ms, reports=REPORTS)
    return measure(
        load_files((encode_line(published) for published in simulate_history(plan)), read_registry(DEMO_REGISTRY)),
        ["platform"],
    )


def _group(document: Any, platform: str) -> Any:  # noqa: ANN401 - a document's value is of any kind
    """Return a platform's group: of one that fell silent, live traffic changes nothing."""
    return next(group for group in document["groups"] if group["platform"] == platform)
