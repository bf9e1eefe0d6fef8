"""Several workers share the partitions: nothing is lost or counted twice when one comes, goes or comes back late."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing
from typing import Any

import pytest

from streams.runtime.settings import RecordTime
from streams.runtime.worker import Worker
from tests.support.process.counting.counting_chain import Scene, eventually
from tests.support.process.counting.counting_worker import QUICK
from tests.support.process.counting.in_process_worker import serves, working


@pytest.fixture
def scene(apache_kafka: str) -> Iterator[Scene]:
    with closing(Scene(apache_kafka, partitions=4, record_time=RecordTime.LOG)) as made:
        yield made


async def serves_under_load(scene: Scene, worker: Worker, partitions: int) -> None:
    async def check() -> bool:
        await scene.publish(20)
        return serves(worker) == partitions

    await eventually(check, f"{partitions} served partitions", scene.logs)


async def test_a_worker_that_joins_and_leaves_takes_its_share_and_gives_it_back(scene: Scene) -> None:
    async with working(scene) as worker:
        await serves_under_load(scene, worker, 4)

        other = scene.start()
        await serves_under_load(scene, worker, 2)
        await scene.publish(2_000)
        await scene.settled()
        assert other.terminate() == 0, scene.logs()
        await serves_under_load(scene, worker, 4)
        await scene.settled()

    assert set(await scene.rows()) == {1}
    assert await scene.measured() == await scene.oracle()


@pytest.fixture
def narrow(apache_kafka: str) -> Iterator[Scene]:
    with closing(Scene(apache_kafka, partitions=1, record_time=RecordTime.LOG)) as made:
        yield made


async def test_a_worker_without_a_partition_takes_over_however_long_it_has_waited(narrow: Scene) -> None:
    async with AsyncExitStack() as one, AsyncExitStack() as other:
        workers = [await each.enter_async_context(working(narrow)) for each in (one, other)]
        await eventually(lambda: shared(workers), "one worker with the partition, one without")
        idle = workers[0] if serves(workers[1]) else workers[1]

        await let_hours_pass(idle)
        await (other if idle is workers[0] else one).aclose()

        await eventually(lambda: serves(idle) == 1, "the idle worker to take over")


def shared(workers: list[Worker]) -> bool:
    return all(one.stats.rebalances for one in workers) and sorted(map(serves, workers)) == [0, 1]


async def let_hours_pass(worker: Worker) -> None:
    """Let it be hours since a worker fetched anything, as its Kafka client knows it."""
    assert worker.app is not None
    source = worker.app.record_source

    async def back() -> None:
        subscription: Any = source._thread._ensure_consumer()._subscription
        subscription._last_fetch_ended -= 6 * 3_600

    await source._run_in_thread(back())


@pytest.mark.slow
async def test_a_worker_that_was_frozen_and_wakes_up_cannot_write(scene: Scene) -> None:
    frozen = scene.start()
    await scene.publish(400)
    await scene.settled()
    frozen.signal(signal.SIGSTOP)
    async with working(scene) as worker:
        await serves_under_load(scene, worker, 4)

        frozen.signal(signal.SIGCONT)
        await scene.publish(400)
        await eventually(
            lambda: frozen.code == 1 or serves(worker) == 2, "the frozen worker to end or to rejoin", scene.logs
        )
        await scene.publish(400)
        await scene.settled()

    assert set(await scene.rows()) == {1}
    assert await scene.measured() == await scene.oracle()


@pytest.mark.slow
async def test_the_embedded_broker_never_gives_up_a_worker_that_is_alone(embedded_broker: str) -> None:
    with closing(Scene(embedded_broker, partitions=2, record_time=RecordTime.CREATE)) as scene:
        alone = scene.start()
        await scene.publish(100)
        await scene.settled()

        alone.signal(signal.SIGSTOP)
        await asyncio.sleep(3 * QUICK.session_seconds)
        alone.signal(signal.SIGCONT)
        await scene.publish(100)
        await scene.settled()
        assert alone.terminate() == 0, scene.logs()
        joined = alone.log.read_text().count("Joined group")

    assert joined == 1
