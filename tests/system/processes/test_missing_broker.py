"""What a process says that finds no broker, or not what it needs there: one line at the end, and what to do."""

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from safeclock import main
from streams.contract.settings.kafka_security import KafkaSecurity
from streams.edge.kafka_client.login_check import NoBrokerError
from streams.runtime.kafka import admin
from tests.support.broker.embedded import embedded_broker
from tests.support.broker.ports import LOOPBACK

NOWHERE = f"{LOOPBACK}:1"


def run(process: str, bootstrap: str) -> subprocess.CompletedProcess[str]:
    """Run a worker or a board to its end."""
    command = [sys.executable, "-m", "safeclock", process, "--bootstrap", bootstrap]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env={**os.environ})


def test_a_board_without_a_broker_names_the_setting_and_ends_with_1() -> None:
    ended = run("board", NOWHERE)

    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert ended.stderr.splitlines()[-1].endswith(
        f"CRITICAL dashboards.board the board stopped: SAFECLOCK_BOOTSTRAP: expected a broker at {NOWHERE}, none answered"
    )


def test_an_operators_command_without_a_broker_names_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "_BOOTSTRAP_MS", 200)

    ended = CliRunner().invoke(main, ["admin", "plan", "--bootstrap", NOWHERE])

    assert ended.exit_code == 1
    assert ended.stderr.splitlines()[-1] == f"Error: SAFECLOCK_BOOTSTRAP: expected a broker at {NOWHERE}, none answered"


def test_whoever_asks_a_broker_that_is_not_there_hears_the_setting_by_its_own_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(admin, "_BOOTSTRAP_MS", 200)

    with pytest.raises(NoBrokerError, match=rf"^OURS_BOOTSTRAP: expected a broker at {NOWHERE}, none answered$"):
        admin.KafkaAdmin(NOWHERE, KafkaSecurity(prefix="OURS_"))


def test_a_worker_that_misses_topics_says_which_and_what_shows_all_of_it() -> None:
    with embedded_broker() as bootstrap:
        ended = run("worker", bootstrap)

    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert "the worker stopped: action-taken: expected a topic with 8 partitions, found none" in ended.stderr
    assert ended.stderr.splitlines()[-1].endswith("and `safeclock admin apply` creates them")


@pytest.mark.slow
def test_a_worker_without_a_broker_names_the_setting() -> None:
    ended = run("worker", NOWHERE)

    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert ended.stderr.splitlines()[-1].endswith(
        f"CRITICAL streams.runtime.worker the worker stopped: SAFECLOCK_BOOTSTRAP: expected a broker at {NOWHERE}, "
        "none answered"
    )
