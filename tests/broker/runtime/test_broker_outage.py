"""The broker goes away, or loses what a worker was about to read: time stands still, and nothing is lost in silence."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from http.client import HTTPConnection, HTTPException

import pytest
from aiokafka import TopicPartition

from streams.edge.clock import wall_clock_ms
from streams.runtime.settings import RecordTime
from streams.runtime.worker import Worker
from tests.support.broker.apache import ApacheKafka
from tests.support.broker.ports import LOOPBACK, free_port
from tests.support.process.counting.counting_chain import Scene, eventually
from tests.support.process.counting.in_process_worker import applied, working


@pytest.fixture
def scene(apache_kafka: str) -> Iterator[Scene]:
    with closing(Scene(apache_kafka, partitions=1, record_time=RecordTime.LOG)) as made:
        yield made


async def test_a_fetch_below_the_logs_start_goes_on_at_the_position(scene: Scene) -> None:
    await scene.publish(100)
    async with working(scene) as worker:
        await eventually(lambda: applied(worker) == 100, "100 records")
        await scene.delete_before(scene.sources[0], 40)
        assert worker.app is not None

        await worker.app.record_source.start_delivery(TopicPartition(scene.sources[0], 0), 10)
        await scene.publish(100)

        await eventually(lambda: applied(worker) == 200, "the other 100 records")

    assert not worker.stats.lost_records
    assert (await scene.totals())["records"] == 200


@pytest.mark.slow
async def test_time_stands_still_while_the_broker_is_away(apache_kafka_server: ApacheKafka) -> None:
    with closing(Scene(apache_kafka_server.bootstrap, partitions=1, record_time=RecordTime.LOG)) as scene:
        await scene.publish(10)
        async with working(scene) as worker:
            await eventually(lambda: any(times(worker)), "a time")
            async with away(apache_kafka_server):
                stopped = wall_clock_ms()

                await eventually(lambda: wall_clock_ms() > stopped + 8_000, "some seconds without a broker")

                assert [one <= stopped for one in times(worker)] == [True]

            await eventually(lambda: any(one > stopped for one in times(worker)), "time to go on")


@pytest.mark.slow
async def test_what_a_worker_could_not_commit_before_it_had_to_stop_is_said_and_read_again(
    apache_kafka_server: ApacheKafka,
) -> None:
    with closing(Scene(apache_kafka_server.bootstrap, partitions=1, record_time=RecordTime.LOG)) as scene:
        await scene.publish(100)
        port = free_port()
        worker = scene.start(SAFECLOCK_COMMIT_INTERVAL_MS="600000", SAFECLOCK_HTTP_PORT=str(port))
        nothing_left = 'safeclock_worker_lag_records{partition="0"} 0.0\n'
        await eventually(lambda: nothing_left in page(port, "/metrics"), "100 applied records", scene.logs)

        async with away(apache_kafka_server):
            code = await asyncio.to_thread(worker.terminate)
        said = worker.log.read_text().splitlines()[-1]
        scene.start()

        await scene.settled()
    assert code == 1
    assert "stopped: 100 records of partitions 0 may not be committed" in said
    assert "Traceback" not in said


def page(port: int, path: str) -> str:
    """Return a page of a worker, "" when it does not answer."""
    with closing(HTTPConnection(LOOPBACK, port, timeout=5)) as client:
        try:
            client.request("GET", path)
            return client.getresponse().read().decode()
        except (OSError, HTTPException):
            return ""


def times(worker: Worker) -> list[int]:
    """Return the times that a worker's partitions have reached; none before the group has assigned any."""
    return [one.log_time for one in worker.stats.owned.values()]


@asynccontextmanager
async def away(server: ApacheKafka) -> AsyncIterator[None]:
    """Kill a broker for the block; whatever comes of it, the tests after this one have their broker back."""
    server.kill()
    try:
        yield
    finally:
        await asyncio.to_thread(server.start)
