"""What is looked for is found, and of several offers the first that starts is run."""

import gc
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socket import create_server
from threading import Thread

import pytest
from typing_extensions import override

from tests.support.broker.container import IMAGE, has_docker_engine
from tests.support.broker.jars import BrokerUnavailableError
from tests.support.broker.launcher import RunningBroker, detect_brokers, start_first_offer
from tests.support.broker.ports import LOOPBACK, free_port
from tests.support.broker.selection import ADDRESS_VARIABLE, BrokerKind, BrokerOffer, DetectedBrokers, rank_offers
from tests.support.kafka.replicated_records import create_topic, numbered_values, read, write


class DockerVersionHandler(BaseHTTPRequestHandler):
    """The one answer of a Docker engine that is asked for: its version."""

    def do_GET(self) -> None:
        """Answer everything."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"ApiVersion": "1.50"}')

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def engine() -> Iterator[str]:
    with HTTPServer((LOOPBACK, 0), DockerVersionHandler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"tcp://{LOOPBACK}:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def silent_address() -> Iterator[str]:
    with create_server((LOOPBACK, 0)) as server:
        yield f"tcp://{LOOPBACK}:{server.getsockname()[1]}"


@pytest.fixture
def closed_address() -> str:
    return f"tcp://{LOOPBACK}:{free_port()}"


def test_an_engine_that_tells_its_version_answers(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", engine)

    assert has_docker_engine()


def test_without_an_engine_there_is_a_quick_and_silent_no(
    silent_address: str,
    closed_address: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for address in (
        silent_address,
        closed_address,
        f"unix://{tmp_path}/none.sock",
        "ssh://nobody@localhost",
        "nonsense",
    ):
        monkeypatch.setenv("DOCKER_HOST", address)
        begun = time.monotonic()

        answers = has_docker_engine()

        assert not answers, address
        assert time.monotonic() - begun < 30.0, address  # by itself the docker package waits for a minute
    assert capfd.readouterr() == ("", "")


def test_a_given_address_is_all_that_is_looked_for() -> None:
    found = detect_brokers({ADDRESS_VARIABLE: "127.0.0.1:9092"})

    assert found == DetectedBrokers(address="127.0.0.1:9092", has_embedded=True)


def test_what_is_not_on_the_path_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    found = detect_brokers({})

    assert not found.has_java
    assert not found.has_maven


@pytest.mark.usefixtures("embedded_broker")
def test_an_offer_that_does_not_start_is_followed_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    offered = [
        BrokerOffer(BrokerKind.CONTAINER, "no Docker engine answers"),
        BrokerOffer(BrokerKind.JARS),
        BrokerOffer(BrokerKind.EMBEDDED),
    ]

    with start_first_offer(offered, "") as chosen:
        text = str(chosen)

    assert (chosen.kind, chosen.has_transactions) == (BrokerKind.EMBEDDED, False)
    assert text.startswith(f"the embedded broker at {chosen.bootstrap}; no Docker engine answers; expected Java 17")


@pytest.mark.usefixtures("embedded_broker")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # sockets that the docker package leaves
@pytest.mark.parametrize("where", ["engine", "closed_address"])
def test_an_engine_that_runs_no_container_gives_way_to_the_next_offer(
    request: pytest.FixtureRequest, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", request.getfixturevalue(where))

    with start_first_offer([BrokerOffer(BrokerKind.CONTAINER), BrokerOffer(BrokerKind.EMBEDDED)], "") as chosen:
        text = str(chosen)
    gc.collect()

    assert chosen.kind == BrokerKind.EMBEDDED
    assert f"{IMAGE} did not start" in text


def test_when_no_offer_starts_all_that_is_missing_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    with (
        pytest.raises(BrokerUnavailableError, match="no engine; expected Java 17"),
        start_first_offer([BrokerOffer(BrokerKind.CONTAINER, "no engine"), BrokerOffer(BrokerKind.JARS)], ""),
    ):
        pass


def test_a_given_broker_is_used_and_asked_for_what_it_can(embedded_broker: str) -> None:
    with start_first_offer([BrokerOffer(BrokerKind.GIVEN)], embedded_broker) as chosen:
        assert chosen == RunningBroker(BrokerKind.GIVEN, embedded_broker, has_transactions=False)


def test_a_given_broker_that_does_not_answer_is_not_replaced() -> None:
    given = f"{LOOPBACK}:{free_port()}"

    with (
        pytest.raises(BrokerUnavailableError, match=f"expected a broker at {given}, nobody answers"),
        start_first_offer(
            rank_offers(DetectedBrokers(address=given, has_java=True, has_jars=True, has_embedded=True)), given
        ),
    ):
        pass


async def test_the_chosen_broker_keeps_what_was_written_to_it(any_broker: RunningBroker) -> None:
    topic = create_topic(any_broker.bootstrap, copies=1)

    await write(any_broker.bootstrap, topic, numbered_values(1, 20))

    assert await read(any_broker.bootstrap, topic, 20) == numbered_values(1, 20)
