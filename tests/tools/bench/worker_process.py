"""The whole worker: a process that drains a backlog, decodes, measures, and commits as it always does."""

import asyncio
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from streams.contract.outputs.measures import COUNTERS_PREFIX, decode_counters
from streams.contract.topics import changelog_topic
from tests.support.broker.apache import free_port
from tests.support.paths import ROOT
from tests.support.simulation import workload_topics
from tests.support.simulation.workload import PARTITIONS
from tests.tools.bench.decision_counts import DecisionCounts, counts_of_ledger
from tests.tools.bench.timed_run import TimedRun

_APPLIED: Final = "safeclock_worker_records_applied_total"
_PATIENCE_SECONDS: Final = 240.0
_POLL_SECONDS: Final = 0.05
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class WorkerStalledError(Exception):
    """A process did not do what was waited for; the message is what it said."""


class BenchProcess:
    """A process of Safeclock with its pages on loopback."""

    def __init__(self, command: str, environment: dict[str, str], log: Path) -> None:
        self.port = free_port()
        self._log = log
        given = {**os.environ, **environment, "SAFECLOCK_HTTP_HOST": "127.0.0.1", "SAFECLOCK_HTTP_PORT": str(self.port)}
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "safeclock", command], cwd=ROOT, env=given, stdout=output, stderr=output
            )

    def counter_total(self, metric: str) -> float:
        """Return the sum over all series of a metric; 0 while nobody answers."""
        # To read the whole page takes long enough to be in the way of what is measured.
        lines = [line for line in self.page("/metrics")[1].splitlines() if line.startswith(metric)]
        families = text_string_to_metric_families("\n".join(lines))
        return sum(sample.value for family in families for sample in family.samples if sample.name == metric)

    def is_ready(self) -> bool:
        """Return whether the process says that it is ready."""
        return self.page("/readyz")[0] == HTTPStatus.OK

    def page(self, path: str) -> tuple[int, str]:
        """Return status and text of a page; 0 and nothing while nobody answers."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        except OSError:
            return 0, ""
        finally:
            connection.close()

    def cpu(self) -> float:
        """Return the seconds of processor time that the process has taken."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def raise_if_ended(self) -> None:
        """Raise WorkerStalledError when the process has ended."""
        if self.process.poll() is not None:
            raise WorkerStalledError(f"ended with {self.process.returncode}: {self._log.read_text()[-2000:]}")

    def stop(self) -> None:
        """End the process as an operator would, the hard way after ten seconds."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


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
    first, cpu, started = begin, worker.cpu(), time.perf_counter()
    _wait_for_records(worker, records)
    return TimedRun(records - int(first), time.perf_counter() - started, worker.cpu() - cpu)


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
