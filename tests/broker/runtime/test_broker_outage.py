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
from tests.support.process.counting.counting_chain import CountingChain, wait_until_async
from tests.support.process.counting.in_process_worker import applied_records, running_worker


@pytest.fixture
def scene(apache_kafka: str) -> Iterator[CountingChain]:
    with closing(CountingChain(apache_kafka, partitions=1, record_time=RecordTime.LOG)) as made:
        yield made


async def test_a_fetch_below_the_logs_start_continues_at_the_position(scene: CountingChain) -> None:
    await scene.publish(100)
    async with running_worker(scene) as worker:
        await wait_until_async(lambda: applied_records(worker) == 100, "100 records")
        await scene.delete_before(scene.sources[0], 40)
        assert worker.app is not None

        await worker.app.record_source.start_delivery(TopicPartition(scene.sources[0], 0), 10)
        await scene.publish(100)

        await wait_until_async(lambda: applied_records(worker) == 200, "the other 100 records")

    assert not worker.stats.lost_records
    assert (await scene.committed_totals())["records"] == 200


@pytest.mark.slow
async def test_time_does_not_move_while_the_broker_is_away(stoppable_apache_kafka: ApacheKafka) -> None:
    with closing(CountingChain(stoppable_apache_kafka.bootstrap, partitions=1, record_time=RecordTime.LOG)) as scene:
        await scene.publish(10)
        async with running_worker(scene) as worker:
            await wait_until_async(lambda: any(log_times(worker)), "a time")
            async with stopped_broker(stoppable_apache_kafka):
                stopped = wall_clock_ms()

                await wait_until_async(lambda: wall_clock_ms() > stopped + 8_000, "some seconds without a broker")

                assert [one <= stopped for one in log_times(worker)] == [True]

            await wait_until_async(lambda: any(one > stopped for one in log_times(worker)), "time to go on")


@pytest.mark.slow
async def test_what_a_worker_could_not_commit_before_it_had_to_stop_is_said_and_read_again(
    stoppable_apache_kafka: ApacheKafka,
) -> None:
    with closing(CountingChain(stoppable_apache_kafka.bootstrap, partitions=1, record_time=RecordTime.LOG)) as scene:
        await scene.publish(100)
        port = free_port()
        worker = scene.start_worker(SAFECLOCK_COMMIT_INTERVAL_MS="600000", SAFECLOCK_HTTP_PORT=str(port))
        nothing_left = 'safeclock_worker_lag_records{partition="0"} 0.0\n'
        await wait_until_async(lambda: nothing_left in get_page(port, "/metrics"), "100 applied records", scene.logs)

        async with stopped_broker(stoppable_apache_kafka):
            code = await asyncio.to_thread(worker.terminate)
        said = worker.log.read_text().splitlines()[-1]
        scene.start_worker()

        await scene.wait_until_settled()
    assert code == 1
    assert "stopped: 100 records of partitions 0 may not be committed" in said
    assert "Traceback" not in said


def get_page(port: int, path: str) -> str:
    """Return a page of a worker, "" when it does not answer."""
    with closing(HTTPConnection(LOOPBACK, port, timeout=5)) as client:
        try:
            client.request("GET", path)
            return client.getresponse().read().decode()
        except (OSError, HTTPException):
            return ""


def log_times(worker: Worker) -> list[int]:
    """Return the times that a worker's partitions have reached; none before the group has assigned any."""
    return [one.log_time for one in worker.stats.owned.values()]


@asynccontextmanager
async def stopped_broker(server: ApacheKafka) -> AsyncIterator[None]:
    """Kill a broker for the block; whatever comes of it, the tests after this one have their broker back."""
    server.kill()
    try:
        yield
    finally:
        await asyncio.to_thread(server.start)
