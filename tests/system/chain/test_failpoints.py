"""Real workers are killed where it hurts; what they counted must still equal the source topics."""

import asyncio
from collections.abc import Iterator
from contextlib import closing

import pytest

from streams.runtime.failpoints import NAMES
from streams.runtime.settings import RecordTime
from tests.support.process.counting.counting_chain import CountingChain, wait_until_async
from tests.support.process.running_process import RunningProcess

KILLED = -9


BROKERS_AND_LOADS = [
    pytest.param("apache_kafka", "trickle"),
    pytest.param("apache_kafka", "flood", marks=pytest.mark.slow),
    pytest.param("embedded_broker", "flood", marks=pytest.mark.slow),
    pytest.param("embedded_broker", "trickle", marks=pytest.mark.slow),
]


@pytest.fixture
def scene(request: pytest.FixtureRequest, broker: str) -> Iterator[CountingChain]:
    bootstrap = request.getfixturevalue(broker)
    record_time = RecordTime.LOG if broker == "apache_kafka" else RecordTime.CREATE
    with closing(CountingChain(bootstrap, partitions=2, record_time=record_time)) as made:
        yield made


async def wait_until_killed(scene: CountingChain, worker: RunningProcess, trickle: bool) -> None:  # noqa: FBT001
    async def check() -> bool:
        if trickle:
            await scene.publish(5)
        return worker.exit_code is not None

    await wait_until_async(check, "the failpoint to be passed", scene.logs)
    assert worker.exit_code == KILLED, scene.logs()


@pytest.mark.parametrize(("broker", "load"), BROKERS_AND_LOADS)
async def test_a_worker_killed_at_every_failpoint_counts_every_record_once(scene: CountingChain, load: str) -> None:
    for name in NAMES:
        await scene.publish(4_000 if load == "flood" else 20)
        passage = "2" if name in ("after_apply", "sent_not_committed") else "1"
        worker = scene.start_worker(SAFECLOCK_FAILPOINT=f"{name}:{passage}")
        await wait_until_killed(scene, worker, trickle=load == "trickle")
    await scene.publish(200)
    last = scene.start_worker()

    await scene.wait_until_settled()

    assert set(await scene.rows()) == {1}
    assert last.terminate() == 0, scene.logs()
    assert await scene.measured_totals() == await scene.expected_totals()
    totals, committed = await asyncio.gather(
        scene.total_history(scene.names.measures), scene.total_history(scene.names.changelog)
    )
    for partition, steps in totals.items():
        assert set(steps) <= set(committed[partition])
