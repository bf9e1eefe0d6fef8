"""Several workers share the partitions: nothing is lost or counted twice when one comes, goes or comes back late."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing
from typing import Any

import pytest

from streams.runtime.settings import RecordTime
from streams.runtime.worker import Worker
from tests.support.process.counting.counting_chain import CountingChain, wait_until_async
from tests.support.process.counting.counting_worker import FAST_SETTINGS
from tests.support.process.counting.in_process_worker import running_worker, serving_partitions


@pytest.fixture
def scene(apache_kafka: str) -> Iterator[CountingChain]:
    with closing(CountingChain(apache_kafka, partitions=4, record_time=RecordTime.LOG)) as made:
        yield made


async def serves_while_publishing(scene: CountingChain, worker: Worker, partitions: int) -> None:
    async def check() -> bool:
        await scene.publish(20)
        return serving_partitions(worker) == partitions

    await wait_until_async(check, f"{partitions} served partitions", scene.logs)


async def test_a_worker_that_joins_and_leaves_takes_its_share_and_gives_it_back(scene: CountingChain) -> None:
    async with running_worker(scene) as worker:
        await serves_while_publishing(scene, worker, 4)

        other = scene.start_worker()
        await serves_while_publishing(scene, worker, 2)
        await scene.publish(2_000)
        await scene.wait_until_settled()
        assert other.terminate() == 0, scene.logs()
        await serves_while_publishing(scene, worker, 4)
        await scene.wait_until_settled()

    assert set(await scene.rows()) == {1}
    assert await scene.measured_totals() == await scene.expected_totals()


@pytest.fixture
def narrow_chain(apache_kafka: str) -> Iterator[CountingChain]:
    with closing(CountingChain(apache_kafka, partitions=1, record_time=RecordTime.LOG)) as made:
        yield made


async def test_a_worker_without_a_partition_takes_over_however_long_it_has_waited(narrow_chain: CountingChain) -> None:
    async with AsyncExitStack() as one, AsyncExitStack() as other:
        workers = [await each.enter_async_context(running_worker(narrow_chain)) for each in (one, other)]
        await wait_until_async(lambda: partition_counts(workers), "one worker with the partition, one without")
        idle = workers[0] if serving_partitions(workers[1]) else workers[1]

        await advance_clock(idle)
        await (other if idle is workers[0] else one).aclose()

        await wait_until_async(lambda: serving_partitions(idle) == 1, "the idle worker to take over")


def partition_counts(workers: list[Worker]) -> bool:
    return all(one.stats.rebalances for one in workers) and sorted(map(serving_partitions, workers)) == [0, 1]


async def advance_clock(worker: Worker) -> None:
    """Let it be hours since a worker fetched anything, as its Kafka client knows it."""
    assert worker.app is not None
    source = worker.app.record_source

    async def back() -> None:
        subscription: Any = source._thread._ensure_consumer()._subscription
        subscription._last_fetch_ended -= 6 * 3_600

    await source._run_in_thread(back())


@pytest.mark.slow
async def test_a_worker_that_was_frozen_and_wakes_up_cannot_write(scene: CountingChain) -> None:
    frozen = scene.start_worker()
    await scene.publish(400)
    await scene.wait_until_settled()
    frozen.send_signal(signal.SIGSTOP)
    async with running_worker(scene) as worker:
        await serves_while_publishing(scene, worker, 4)

        frozen.send_signal(signal.SIGCONT)
        await scene.publish(400)
        await wait_until_async(
            lambda: frozen.exit_code == 1 or serving_partitions(worker) == 2,
            "the frozen worker to end or to rejoin",
            scene.logs,
        )
        await scene.publish(400)
        await scene.wait_until_settled()

    assert set(await scene.rows()) == {1}
    assert await scene.measured_totals() == await scene.expected_totals()


@pytest.mark.slow
async def test_the_embedded_broker_never_gives_up_a_worker_that_is_alone(embedded_broker: str) -> None:
    with closing(CountingChain(embedded_broker, partitions=2, record_time=RecordTime.CREATE)) as scene:
        alone = scene.start_worker()
        await scene.publish(100)
        await scene.wait_until_settled()

        alone.send_signal(signal.SIGSTOP)
        await asyncio.sleep(3 * FAST_SETTINGS.session_seconds)
        alone.send_signal(signal.SIGCONT)
        await scene.publish(100)
        await scene.wait_until_settled()
        assert alone.terminate() == 0, scene.logs()
        joined = alone.log.read_text().count("Joined group")

    assert joined == 1
