"""Real workers and boards: pages beside idle connections, few lines in a log, and an end within seconds in every state."""

import json
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from tests.support.broker.apache import ApacheKafka
from tests.support.broker.apache import apache_kafka as apache_node
from tests.support.broker.jars import BrokerUnavailableError
from tests.support.broker.ports import LOOPBACK, free_port
from tests.support.components import component_or_skip, require_component
from tests.support.process.running_process import SAFECLOCK
from tests.support.waiting import wait_until
from tests.system.processes.safeclock_process import ProcessStarter, create_topics, process_starter

PROCESS_KINDS = ("worker", "board")
WITHIN_SECONDS = 5.5
"""Five seconds, and the time that a busy machine takes to see the end."""


@pytest.fixture(scope="module")
def broker() -> Iterator[ApacheKafka]:
    """A node that the tests of this module stop and start."""
    with component_or_skip("apache-kafka", apache_node(), BrokerUnavailableError) as node:
        yield node


@pytest.fixture
def start(broker: ApacheKafka, tmp_path: Path) -> Iterator[ProcessStarter]:
    if not broker.running:
        broker.start()
    topics = create_topics(tmp_path, broker.bootstrap, "edge")  # one application: all share the measures
    with process_starter(tmp_path, **topics) as started:
        yield started


@contextmanager
def stopped_broker(broker: ApacheKafka) -> Iterator[None]:
    """Kill the broker for the block."""
    broker.kill()
    try:
        yield
    finally:
        broker.start()


@contextmanager
def paused_broker(broker: ApacheKafka) -> Iterator[None]:
    """Let the broker stand still for the block."""
    broker.pause()
    try:
        yield
    finally:
        broker.resume()


@pytest.mark.parametrize("kind", PROCESS_KINDS)
def test_a_liveness_probe_is_answered_beside_400_idle_connections_with_256_open_files(
    kind: str, start: ProcessStarter
) -> None:
    process = start(kind, open_files=256)
    process.wait_for_status("/healthz")

    with ExitStack() as stack:
        for _ in range(400):
            stack.enter_context(closing(socket.create_connection((LOOPBACK, process.port), 5)))
        answers = [process.get_status("/healthz") for _ in range(10)]
        open_files = len(list(Path(f"/proc/{process.pid}/fd").iterdir()))

    assert answers == [200] * 10
    assert open_files < 128


@pytest.mark.parametrize("kind", PROCESS_KINDS)
def test_a_port_that_is_in_use_is_reported_by_its_setting(kind: str, tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken, process_starter(tmp_path) as start:
        port = str(taken.getsockname()[1])
        process = start(kind, SAFECLOCK_HTTP_PORT=port, SAFECLOCK_BOOTSTRAP=f"{LOOPBACK}:{free_port()}")

        assert process.wait() == 1
        assert (
            process.log_text()
            .splitlines()[-1]
            .endswith(
                f"the {kind} stopped: SAFECLOCK_HTTP_PORT: expected a free port at {LOOPBACK}, got {port}, which is in use"
            )
        )
        assert "Traceback" not in process.log_text()


@pytest.mark.parametrize("kind", PROCESS_KINDS)
def test_an_address_that_is_not_this_machine_s_is_reported_by_its_setting(kind: str, tmp_path: Path) -> None:
    with process_starter(tmp_path, SAFECLOCK_HTTP_HOST="192.0.2.1", SAFECLOCK_HTTP_ALLOW_INSECURE="yes") as start:
        process = start(kind, SAFECLOCK_BOOTSTRAP=f"{LOOPBACK}:{free_port()}")

        assert process.wait() == 1
        assert (
            f"the {kind} stopped: SAFECLOCK_HTTP_HOST, SAFECLOCK_HTTP_PORT: expected an address" in process.log_text()
        )
        assert "Traceback" not in process.log_text()


@pytest.mark.parametrize("kind", PROCESS_KINDS)
def test_a_normal_start_and_stop_is_few_lines_and_no_error(kind: str, start: ProcessStarter) -> None:
    process = start(kind)
    if kind == "worker":
        process.wait_for_status("/readyz")
    else:
        process.wait_for_log("reading 4 partitions")

    started = process.log_text()
    code, seconds = process.timed_terminate()

    assert len(started.splitlines()) < 10
    assert " ERROR " not in started
    assert " CRITICAL " not in started
    assert code == 0
    assert seconds < WITHIN_SECONDS
    assert "Traceback" not in process.log_text()
    assert " stopped: " in process.log_text().splitlines()[-1]


@pytest.mark.parametrize("kind", PROCESS_KINDS)
def test_a_log_for_machines_is_json_to_its_last_line(kind: str, start: ProcessStarter) -> None:
    process = start(kind, SAFECLOCK_LOG_FORMAT="json")
    process.wait_for_log("serving partitions" if kind == "worker" else "reading 4 partitions")

    process.terminate()

    lines = [json.loads(line) for line in process.log_text().splitlines()]
    assert {line["process"] for line in lines} == {kind}
    assert lines[-1]["message"].startswith("stopped: ")


@pytest.mark.slow
@pytest.mark.parametrize("kind", PROCESS_KINDS)
def test_an_outage_is_a_line_when_it_begins_and_one_when_it_ends(
    kind: str, start: ProcessStarter, broker: ApacheKafka
) -> None:
    process = start(kind)
    process.wait_for_log("serving partitions" if kind == "worker" else "reading 4 partitions")
    before = process.log_text()

    with stopped_broker(broker):
        process.wait_for_log("none answered; trying again")
        if kind == "worker":
            process.wait_for_status("/readyz", 503)
    wait_until(
        lambda: "answers again after" in process.log_text() or process.exit_code is not None,
        "the end of an outage",
        process.log_text,
    )

    said = process.log_text().removeprefix(before).splitlines()
    assert said[0].split(" ")[2] == "WARNING"
    assert len(said) <= 4, process.log_text()
    assert "Traceback" not in process.log_text()
    # A worker that a broker tells after its return what it cannot go on with ends, and begins at its last commit.
    assert process.exit_code in ({None, 1} if kind == "worker" else {None})


@pytest.mark.slow
@pytest.mark.parametrize("kind", PROCESS_KINDS)
@pytest.mark.parametrize("gone", [stopped_broker, paused_broker])
def test_without_its_broker_a_process_that_is_asked_to_stop_ends_within_seconds(
    kind: str, gone: Callable[[ApacheKafka], AbstractContextManager[None]], start: ProcessStarter, broker: ApacheKafka
) -> None:
    process = start(kind)
    process.wait_for_log("serving partitions" if kind == "worker" else "reading 4 partitions")

    with gone(broker):
        process.get_page("/healthz")
        _, seconds = process.timed_terminate()

    assert seconds < WITHIN_SECONDS
    assert "Traceback" not in process.log_text()
    assert " stopped: " in process.log_text().splitlines()[-1]


@pytest.mark.parametrize("kind", PROCESS_KINDS)
def test_a_process_that_never_reached_a_broker_ends_within_seconds(
    kind: str, silent_address: str, tmp_path: Path
) -> None:
    with process_starter(tmp_path, SAFECLOCK_BOOTSTRAP=silent_address) as start:
        process = start(kind)
        process.wait_for_status("/healthz")

        code, seconds = process.timed_terminate()

        assert (code, seconds < WITHIN_SECONDS) == (0, True)
        assert " stopped" in process.log_text().splitlines()[-1]
        assert "Traceback" not in process.log_text()


@pytest.mark.slow
def test_a_worker_that_waits_for_a_coordinator_of_transactions_ends_within_seconds(tmp_path: Path) -> None:
    try:
        with apache_node(transaction_state_log_replication_factor="3", transaction_state_log_min_isr="2") as node:
            topics = create_topics(tmp_path, node.bootstrap, "uncoordinated")
            with process_starter(tmp_path, **topics) as start:
                worker = start("worker")
                wait_until(lambda: worker.get_status("/readyz") == 503, "a worker that is not ready", worker.log_text)

                code, seconds = worker.timed_terminate()

                assert (code, seconds < WITHIN_SECONDS) == (0, True)
                assert "Traceback" not in worker.log_text()
    except BrokerUnavailableError as reason:
        require_component("apache-kafka", str(reason))


@pytest.mark.slow
def test_a_publisher_that_is_asked_to_stop_says_what_was_not_acknowledged(
    start: ProcessStarter, broker: ApacheKafka, tmp_path: Path
) -> None:
    environment = {**os.environ, **start.environment, "SAFECLOCK_PUBLISH_BOOTSTRAP": broker.bootstrap}
    line = {
        "specversion": "1.0",
        "type": "safeclock.heartbeat.v1",
        "source": "/platforms/harbor",
        "id": "heartbeat-1",
        "time": "2026-01-05T10:00:00Z",
        "data": {"complete_through": "2026-01-05T09:59:30Z", "sequence": 1},
    }
    log = tmp_path / "publish.log"
    command = [*SAFECLOCK, "publish", "--history", "--registry", start.environment["SAFECLOCK_REGISTRY"], "-"]
    with (
        log.open("wb") as output,
        subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stderr=output) as process,
    ):
        assert process.stdin is not None
        process.stdin.write(json.dumps(line).encode() + b"\n")
        process.stdin.flush()
        wait_until(lambda: broker.bootstrap in log.read_text(), "a connection", log.read_text)

        with stopped_broker(broker):
            process.stdin.write(json.dumps({**line, "id": "heartbeat-2"}).encode() + b"\n")
            process.stdin.flush()
            process.terminate()
            code = process.wait(30)

    assert code == 1
    assert "interrupted" in log.read_text()
    assert "Traceback" not in log.read_text()
