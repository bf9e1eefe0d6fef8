"""A counting worker in this process, stopped whatever happens: its threads would outlive a failed test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from streams.runtime.settings import load_settings
from streams.runtime.stats import PartitionState
from streams.runtime.worker import Worker
from tests.support.process.counting.counting_chain import CountingChain
from tests.support.process.counting.counting_worker import FAST_SETTINGS, counting_dependencies

STOP_SECONDS = 60.0


@asynccontextmanager
async def running_worker(scene: CountingChain) -> AsyncIterator[Worker]:
    """Run a worker for the block."""
    worker = Worker(
        load_settings(scene.environment()), counting_dependencies(scene.prefix, scene.partitions), FAST_SETTINGS
    )
    try:
        await worker.start()
        yield worker
    finally:
        await asyncio.wait_for(worker.stop(), STOP_SECONDS)


def serving_partitions(worker: Worker) -> int:
    """Return how many partitions a worker serves."""
    return sum(figures.state is PartitionState.SERVING for figures in worker.stats.owned.values())


def applied_records(worker: Worker) -> int:
    """Return how many records a worker has applied and committed."""
    return sum(worker.stats.applied.values())
