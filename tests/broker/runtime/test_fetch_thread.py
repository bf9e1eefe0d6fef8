"""The fetching thread, on a real broker."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from aiokafka import TopicPartition

from streams.runtime.settings import RecordTime
from tests.support.process.counting.counting_chain import CountingChain, wait_until_async
from tests.support.process.counting.in_process_worker import running_worker, serving_partitions


@pytest.fixture
def scene(embedded_broker: str) -> Iterator[CountingChain]:
    with closing(CountingChain(embedded_broker, partitions=1, record_time=RecordTime.CREATE)) as made:
        yield made


async def test_a_topic_that_is_held_back_is_not_asked_for_and_had_later(scene: CountingChain) -> None:
    wanted, held = (TopicPartition(topic, 0) for topic in scene.sources)
    async with running_worker(scene) as worker:
        await wait_until_async(lambda: serving_partitions(worker) == 1, "a served partition")
        assert worker.app is not None
        source = worker.app.record_source
        source.stop_flow()
        thread = source._thread
        await scene.publish(20)

        await source._run_in_thread(thread.poll([wanted], {held}))
        paused = thread._ensure_consumer().paused()
        had: set[TopicPartition] = set()

        async def both() -> bool:
            await scene.publish(2)  # the worker may have had the others from a poll that was under way
            fetched = await source._run_in_thread(thread.poll([wanted, held], ()))
            had.update(batch.topic_partition for batch in fetched.batches)
            return had == {wanted, held}

        await wait_until_async(both, "the records of both topics")

    assert paused == {TopicPartition(*held)}
