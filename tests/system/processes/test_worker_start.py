"""A worker that cannot start: it says why, and it can be stopped."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.runtime.faust_app import EMBEDDED_TUNING, create_app
from streams.runtime.settings import Settings
from tests.support.broker.ports import LOOPBACK, free_port
from tests.support.process.counting.counting_chain import COUNTING_WORKER, wait_until_async
from tests.support.process.running_process import RunningProcess


def test_a_worker_makes_no_folder_that_users_of_a_machine_would_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    asyncio.run(create_app(Settings(), EMBEDDED_TUNING).on_first_start())

    assert not list(tmp_path.iterdir())


@pytest.fixture
def start(tmp_path: Path) -> Iterator["WorkerStarter"]:
    starter = WorkerStarter(tmp_path / "worker.log")
    yield starter
    starter.close()


class WorkerStarter:
    """Starts workers on brokers that are none."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self._started: list[RunningProcess] = []

    def __call__(self, bootstrap: str) -> RunningProcess:
        """Start a worker."""
        environment = {"SAFECLOCK_BOOTSTRAP": bootstrap, "COUNTING_PREFIX": "nobody", "COUNTING_PARTITIONS": "1"}
        self._started.append(RunningProcess(COUNTING_WORKER, environment, self.log))
        return self._started[-1]

    def log_text(self) -> str:
        """Return what the workers have logged."""
        return self.log.read_text(errors="replace")

    def close(self) -> None:
        """End them."""
        for worker in self._started:
            worker.kill()


async def test_a_worker_that_waits_for_a_silent_broker_stops_when_it_is_asked_to(
    start: WorkerStarter, silent_address: str
) -> None:
    worker = start(silent_address)
    await wait_until_async(lambda: "health and metrics on" in start.log_text(), "the worker to begin", start.log_text)

    code = await asyncio.to_thread(worker.terminate)

    assert code == 0, start.log_text()


@pytest.mark.slow
async def test_where_no_broker_answers_a_worker_says_which_setting_to_look_at(start: WorkerStarter) -> None:
    nowhere = f"{LOOPBACK}:{free_port()}"
    worker = start(nowhere)

    await wait_until_async(lambda: worker.exit_code is not None, "the worker to give up", start.log_text)

    assert worker.exit_code == 1
    assert f"the worker stopped: SAFECLOCK_BOOTSTRAP: expected a broker at {nowhere}, none answered" in start.log_text()
    assert "Traceback" not in start.log_text()
