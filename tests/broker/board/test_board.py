"""The board as a process has it: measures come from a broker, figures are asked for over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from dashboards.board.inputs.measures_reader import MeasuresReader
from dashboards.board.process import BoardProcess, open_board
from dashboards.board.settings import Settings
from streams.contract.registry.file import read_registry
from streams.contract.settings.kafka_security import load_kafka_security
from streams.contract.topics import MEASURES
from streams.edge.clock import wall_clock_ms
from streams.edge.kafka_client.login_check import NoBrokerError
from tests.support.broker.embedded import EmbeddedBrokerUnavailableError, embedded_broker
from tests.support.broker.ports import LOOPBACK, free_port
from tests.support.components import require_component
from tests.support.kafka.async_records import running_producer
from tests.support.paths import CHILDREN_PACK, DEMO_REGISTRY, PAUSING_PACK
from tests.support.simulation.board_measures import PARTITIONS, Update, demo_registry, simulated_measures

WITHIN_SECONDS = 60.0
PROCESS_TIME_METRICS = ("safeclock_input_timestamp_seconds",)


@pytest.fixture
def broker() -> Iterator[str]:
    """A broker on which nobody else writes measures."""
    try:
        with embedded_broker() as address:
            yield address
    except EmbeddedBrokerUnavailableError as reason:
        require_component("embedded-broker", str(reason))


async def create_topic(bootstrap: str, topic: str, partitions: int) -> None:
    """Make a topic."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        await admin.create_topics([NewTopic(topic, partitions, 1)])
    finally:
        await admin.close()


async def publish_updates(bootstrap: str, updates: tuple[Update, ...]) -> None:
    """Send updates to `measures` in large record batches, each partition's in its order."""
    async with running_producer(bootstrap, linger_ms=50, max_batch_size=200_000) as producer:
        for partition, key, value in updates:
            await producer.send(MEASURES, partition=partition, key=key, value=value)


@pytest.fixture
def open_registry(tmp_path: Path) -> Path:
    """The registry of what was worked out, as a file."""
    cadence = 'cadence = "5m"\n'
    span = f"""{cadence}history = [
        {{ from = 1970-01-01, until = 2026-03-15, opened_on = 2026-03-16, opened_by = "audit" }}
    ]\n"""
    path = tmp_path / "registry.toml"
    path.write_text(DEMO_REGISTRY.read_text(encoding="utf-8").replace(cadence, span, 1), encoding="utf-8")
    assert read_registry(path) == demo_registry()
    return path


@asynccontextmanager
async def running_board(bootstrap: str, path: Path = DEMO_REGISTRY) -> AsyncIterator[BoardProcess]:
    """Run a board in this loop for the block."""
    settings = Settings(bootstrap=bootstrap, registry=path, packs=(CHILDREN_PACK, PAUSING_PACK), refresh_ms=100)
    async with open_board(settings) as running:
        keeping = asyncio.create_task(running.run(settings.refresh_ms))
        try:
            yield running
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)


async def get_page(running: BoardProcess, name: str) -> tuple[int, str]:
    """Return status and text of a page of the board."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{running.port}/{name}") as response,
    ):
        return response.status, await response.text()


async def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(WITHIN_SECONDS):
        while not holds():  # noqa: ASYNC110 - what is waited for comes from outside
            await asyncio.sleep(0.05)


async def wait_until_ready(running: BoardProcess) -> str:
    """Wait until the board is ready and return its figures."""
    async with asyncio.timeout(WITHIN_SECONDS):
        while (await get_page(running, "readyz"))[0] != 200:  # noqa: ASYNC110 - as an orchestrator asks
            await asyncio.sleep(0.05)
    return (await get_page(running, "metrics"))[1]


def sample_lines(text: str) -> list[str]:
    """Return the lines of a scrape that do not depend on when it was made."""
    return [line for line in text.splitlines() if not line.startswith(PROCESS_TIME_METRICS)]


async def test_a_board_reads_everything_and_another_one_says_the_same(broker: str, open_registry: Path) -> None:
    await create_topic(broker, MEASURES, PARTITIONS)
    await publish_updates(broker, simulated_measures().updates)

    async with running_board(broker, open_registry) as first:
        said = await wait_until_ready(first)
        document = first.board.measure_report(["platform"], first.freshness)
    async with running_board(broker, open_registry) as second:
        said_again = await wait_until_ready(second)

    assert sample_lines(said) == sample_lines(said_again)
    assert document == simulated_measures().document
    assert 'safeclock_reports_filed_total{platform="harbor"}' in said


async def test_a_board_follows_what_is_published_later(broker: str, open_registry: Path) -> None:
    updates = simulated_measures().updates
    middle = len(updates) // 2
    await create_topic(broker, MEASURES, PARTITIONS)
    await publish_updates(broker, updates[:middle])

    async with running_board(broker, open_registry) as running:
        await wait_until_ready(running)
        await publish_updates(broker, updates[middle:])
        await wait_until(lambda: running.freshness.as_of == simulated_measures().as_of)

        assert running.board.measure_report(["platform"], running.freshness) == simulated_measures().document


async def test_a_board_is_not_ready_and_shows_no_figure_while_a_partition_has_not_been_reported_of(broker: str) -> None:
    await create_topic(broker, MEASURES, PARTITIONS)
    await publish_updates(broker, tuple(update for update in simulated_measures().updates if update[0] != 5))

    async with running_board(broker) as running:
        await wait_until(lambda: len(running.board.measures.statuses) == PARTITIONS - 1)
        status, why = await get_page(running, "readyz")
        _, said = await get_page(running, "metrics")

    assert status == 503
    assert "partition 5: no worker has sent a status yet" in why
    assert "safeclock_reports" not in said


async def test_a_board_waits_for_the_topic(broker: str) -> None:
    reader = MeasuresReader(broker, lambda *_: None, wall_clock_ms)
    entering = asyncio.create_task(reader.__aenter__())
    await asyncio.wait([entering], timeout=0.5)
    assert not entering.done()

    await create_topic(broker, MEASURES, 2)

    await asyncio.wait_for(entering, WITHIN_SECONDS)
    await reader.__aexit__(None, None, None)


async def test_only_what_was_committed_is_read(apache_kafka: str) -> None:
    topic = f"measures-{uuid4().hex}"
    await create_topic(apache_kafka, topic, 1)
    async with running_producer(apache_kafka, transactional_id=topic) as producer:
        async with producer.transaction():
            await producer.send_and_wait(topic, partition=0, key=b"kept", value=b"1")
        await producer.begin_transaction()
        await producer.send_and_wait(topic, partition=0, key=b"aborted", value=b"2")
        await producer.abort_transaction()
    taken = []

    async with MeasuresReader(apache_kafka, lambda _, key, __: taken.append(key), wall_clock_ms, topic) as reader:
        reading = asyncio.create_task(reader.run())
        await wait_until(lambda: reader.caught_up == {0} and reader.caught_up_at is not None)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)

    assert taken == [b"kept"]


async def test_where_no_broker_answers_a_board_says_which_setting_to_look_at() -> None:
    nowhere = f"{LOOPBACK}:{free_port()}"

    with pytest.raises(NoBrokerError) as raised:
        async with open_board(Settings(bootstrap=nowhere, access=load_kafka_security({}))):
            pass

    assert str(raised.value) == f"SAFECLOCK_BOOTSTRAP: expected a broker at {nowhere}, none answered"
