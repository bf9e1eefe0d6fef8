"""The whole worker: a process that drains a backlog, decodes, measures, and commits as it always does."""

import asyncio
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.contract.outputs.measures import COUNTERS_PREFIX, decode_counters
from streams.contract.topics import changelog_topic
from tests.support.broker.ports import LOOPBACK
from tests.support.process.running_process import SAFECLOCK, SafeclockProcess
from tests.support.simulation import workload_topics
from tests.support.simulation.workload import PARTITIONS
from tests.tools.bench.decision_counts import DecisionCounts, counts_of_ledger
from tests.tools.bench.timed_run import TimedRun

_APPLIED: Final = "safeclock_worker_records_applied_total"
_PATIENCE_SECONDS: Final = 240.0
_POLL_SECONDS: Final = 0.05


class WorkerStalledError(Exception):
    """A process did not do what was waited for; the message is what it said."""


class BenchProcess(SafeclockProcess):
    """A worker or a board whose speed is measured."""

    def __init__(self, command: str, environment: dict[str, str], log: Path) -> None:
        super().__init__((*SAFECLOCK, command), {**environment, "SAFECLOCK_HTTP_HOST": LOOPBACK}, log)

    def is_ready(self) -> bool:
        """Return whether the process says that it is ready."""
        return self.get_status("/readyz") == HTTPStatus.OK

    def raise_if_ended(self) -> None:
        """Raise WorkerStalledError if the process has ended."""
        if self.exit_code is not None:
            raise WorkerStalledError(f"ended with {self.exit_code}: {self.log_text()[-2000:]}")

    def stop(self) -> None:
        """End the process as an operator would; kill it after ten seconds."""
        self.send_signal(signal.SIGTERM)
        try:
            self.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()


def new_application_id() -> str:
    """Return a name under which nobody has worked before."""
    return f"bench-{uuid.uuid4().hex[:8]}"


def worker_environment(bootstrap: str, name: str) -> dict[str, str]:
    """Return what a worker called `name` is told, on topics with senders' stamps."""
    return {"SAFECLOCK_BOOTSTRAP": bootstrap, "SAFECLOCK_APPLICATION": name, "SAFECLOCK_RECORD_TIME": "create"}


@contextmanager
def running_worker(bootstrap: str, name: str, folder: Path, **environment: str) -> Iterator[BenchProcess]:
    """Run a worker called `name` on the contract's topics, which exist afterwards, for the block; told more if needed."""
    workload_topics.create_output_topics(bootstrap, name)
    worker = BenchProcess("worker", {**worker_environment(bootstrap, name), **environment}, folder / f"{name}.log")
    try:
        yield worker
    finally:
        worker.stop()


def drain_backlog(worker: BenchProcess, records: int) -> TimedRun:
    """Wait until a worker has applied a backlog of `records`; timed from its first commit that is seen to its last."""
    begin = _wait_for_records(worker, 1)
    first, cpu, started = begin, worker.cpu_seconds(), time.perf_counter()
    _wait_for_records(worker, records)
    return TimedRun(records - int(first), time.perf_counter() - started, worker.cpu_seconds() - cpu)


def totals(bootstrap: str, name: str) -> DecisionCounts:
    """Return what the worker called `name` has committed."""
    rows = asyncio.run(_committed(bootstrap, changelog_topic(name)))
    return counts_of_ledger(
        decode_counters(value) for (_, key), value in rows.items() if key.startswith(COUNTERS_PREFIX)
    )


async def _committed(bootstrap: str, topic: str) -> dict[tuple[int, bytes], bytes]:
    """Return the last value of every key of a topic, read until nothing more comes."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed", enable_auto_commit=False)
    await consumer.start()
    try:
        pairs = [TopicPartition(topic, partition) for partition in range(PARTITIONS)]
        consumer.assign(pairs)
        await consumer.seek_to_beginning(*pairs)
        rows: dict[tuple[int, bytes], bytes] = {}
        while polled := await consumer.getmany(timeout_ms=1_000):
            rows |= {
                (pair.partition, one.key or b""): one.value or b"" for pair, ones in polled.items() for one in ones
            }
        return rows
    finally:
        await consumer.stop()


def _wait_for_records(worker: BenchProcess, records: int) -> float:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (applied := worker.counter_total(_APPLIED)) < records:
        worker.raise_if_ended()
        if time.monotonic() > deadline:
            raise WorkerStalledError(
                f"expected {records} records within {_PATIENCE_SECONDS:.0f} s, {applied:.0f} were applied"
            )
        time.sleep(_POLL_SECONDS)
    return applied
