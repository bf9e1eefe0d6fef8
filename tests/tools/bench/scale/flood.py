"""One platform floods its topics, another one trickles: how long the second one's filings take to be on `measures`."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streams.contract.outputs.measures import COUNTERS_PREFIX, decode_counters
from streams.contract.registry.file import read_registry
from streams.contract.registry.registry import Role
from streams.contract.topics import MEASURES, Replication, required_topics
from streams.domain.ledger.counters import FILED
from streams.edge.clock import wall_clock_ms
from streams.runtime.kafka.admin import KafkaAdmin
from tests.support.kafka.topics import delete_topics
from tests.support.paths import ROOT
from tests.support.simulation.workload import PARTITIONS
from tests.tools.bench.scale.machine_stats import Measurement, measurement
from tests.tools.bench.scale.record_generator import EventTemplate, keys
from tests.tools.bench.worker_process import BenchProcess, new_application_id

FLOODING_PLATFORM: Final = "flood"
TRICKLING_PLATFORM: Final = "trickle"
TRICKLE_PER_SECOND: Final = 20
_PATIENCE_SECONDS: Final = 120.0
_LAG: Final = "safeclock_worker_lag_records"
_PLATFORM: Final = """
[[platforms]]
id = "{0}"
provider = "{0}"
cadence = "5m"
"""


@dataclass(frozen=True)
class WaitTimes:
    """Seconds from a record's acknowledgement to its count on `measures`."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median."""
        return median(self.seconds)

    @property
    def p95(self) -> float:
        """The 95th percentile."""
        return quantiles(self.seconds, n=20)[18]


def registry_file(folder: Path) -> Path:
    """Write a registry of both platforms, each with its own topics."""
    file = folder / "registry.toml"
    file.write_text(
        "".join(_PLATFORM.format(name) for name in (FLOODING_PLATFORM, TRICKLING_PLATFORM)), encoding="utf-8"
    )
    return file


class TricklePublisher:
    """The quiet platform, and when what it sent is counted."""

    def __init__(self, bootstrap: str) -> None:
        self.sent: list[float] = []
        self.waits: list[float] = []
        self._bootstrap = bootstrap
        self._template = EventTemplate(TRICKLING_PLATFORM)
        self._keys = keys(self._template.platform, PARTITIONS, seed=7)
        self._counted: dict[int, int] = {}

    async def publish(self, seconds: float) -> None:
        """Publish filings at the pace, one acknowledged after the other."""
        producer = AIOKafkaProducer(bootstrap_servers=self._bootstrap)
        await producer.start()
        try:
            begun = time.monotonic()
            for number in range(int(seconds * TRICKLE_PER_SECOND)):
                await asyncio.sleep(max(0.0, begun + number / TRICKLE_PER_SECOND - time.monotonic()))
                place, key = next(self._keys)
                value = self._template.filing(key, len(self.sent), wall_clock_ms())
                await producer.send_and_wait(
                    f"{Role.REPORT_FILED}.{TRICKLING_PLATFORM}", value, key=key, partition=place
                )
                self.sent.append(time.monotonic())
        finally:
            await producer.stop()

    async def poll_counts(self) -> None:
        """Follow `measures` until cancelled: the n-th filing has arrived when n are counted."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self._bootstrap, isolation_level="read_committed")
        await consumer.start()
        try:
            consumer.assign([TopicPartition(MEASURES, number) for number in range(PARTITIONS)])
            while True:
                for pair, records in (await consumer.getmany(timeout_ms=20)).items():
                    self._count(
                        pair.partition,
                        [
                            one.value or b""
                            for one in records
                            if one.key == COUNTERS_PREFIX + TRICKLING_PLATFORM.encode()
                        ],
                    )
        finally:
            await consumer.stop()

    def _count(self, partition: int, values: list[bytes]) -> None:
        if values:
            self._counted[partition] = decode_counters(values[-1]).get(FILED, 0)
            now = time.monotonic()
            self.waits += [now - at for at in self.sent[len(self.waits) : sum(self._counted.values())]]

    async def wait_until_counted(self) -> None:
        """Return when everything that was sent is counted."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while len(self.waits) < len(self.sent):
            if time.monotonic() > deadline:
                raise TimeoutError(f"expected {len(self.sent)} filings on {MEASURES}, found {len(self.waits)}")
            await asyncio.sleep(0.05)


@dataclass(frozen=True)
class FloodResult:
    """What the quiet platform waited `alone` and `beside` the flood, and what was `left` of that when all was counted."""

    without_flood: WaitTimes
    during_flood: WaitTimes
    flood_backlog: int


def measure_wait_during_flood(bootstrap: str, folder: Path, flood: int, seconds: float) -> FloodResult:
    """Let one platform trickle, then beside so many records of another one that are all there before."""
    with _running_worker(_prepare_topics(bootstrap, folder), folder) as worker:
        return asyncio.run(_measure(bootstrap, worker, flood, seconds))


def measure_overtaking(bootstrap: str, folder: Path, flood: int) -> int:
    """Let a worker begin with a backlog of one platform and later records of another.

    Return what is left of the backlog when those are counted.
    """
    given = _prepare_topics(bootstrap, folder)
    with _flooding_process(bootstrap, flood) as loud:
        loud.request_count()
        loud.read_count()
    return asyncio.run(_overtaken(given, folder))


async def _overtaken(given: dict[str, str], folder: Path) -> int:
    trickle = TricklePublisher(given["SAFECLOCK_BOOTSTRAP"])
    async with _polling(trickle):
        await trickle.publish(1.0)
        with _running_worker(given, folder) as worker:
            await trickle.wait_until_counted()
            return int(await asyncio.to_thread(worker.counter_total, _LAG))


@asynccontextmanager
async def _polling(trickle: TricklePublisher) -> AsyncIterator[None]:
    task = asyncio.create_task(trickle.poll_counts())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})  # the loop's own end would cancel it again, while it closes its consumer


def _prepare_topics(bootstrap: str, folder: Path) -> dict[str, str]:
    """Create the topics that are missing, with an empty `measures`, and return the settings of a worker on them."""
    file, name = registry_file(folder), new_application_id()
    delete_topics(bootstrap, [MEASURES])
    with KafkaAdmin(bootstrap) as broker:
        wanted = required_topics(read_registry(file), name, Replication(factor=1, min_insync=1))
        found = broker.describe_topics(topic.name for topic in wanted)
        for topic in wanted:
            if topic.name not in found:
                broker.create_topic(topic)
    return {"SAFECLOCK_BOOTSTRAP": bootstrap, "SAFECLOCK_APPLICATION": name, "SAFECLOCK_REGISTRY": str(file)}


@contextmanager
def _running_worker(given: dict[str, str], folder: Path) -> Iterator[BenchProcess]:
    worker = BenchProcess("worker", given, folder / "worker.log")
    try:
        yield worker
    finally:
        worker.stop()


class FloodProcess:
    """The process of the loud platform: it sends when it is asked to, and says when it has."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.read_count()

    def request_count(self) -> None:
        """Let it send."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def read_count(self) -> None:
        """Wait for what it says next."""
        assert self._process.stdout is not None
        self._process.stdout.readline()


@contextmanager
def _flooding_process(bootstrap: str, flood: int) -> Iterator[FloodProcess]:
    topic = f"{Role.REPORT_FILED}.{FLOODING_PLATFORM}"
    command = [
        sys.executable,
        "-m",
        "tests.tools.bench.scale.flood_publisher",
        bootstrap,
        topic,
        FLOODING_PLATFORM,
        str(flood),
    ]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield FloodProcess(process)
        finally:
            process.kill()


def measure(bootstrap: str, folder: Path, flood: int, seconds: float) -> Iterator[Measurement]:
    """Yield the quiet platform's latency without and with a flood of so many records."""
    found = measure_wait_during_flood(bootstrap, folder, flood, seconds)
    beside = f"beside a backlog of {flood:,} records, of which {found.flood_backlog:,} were left at the end"
    for what, waits in (("alone", found.without_flood), (beside, found.during_flood)):
        yield measurement(
            f"{TRICKLE_PER_SECOND} filings/s {what}, append to `{MEASURES}`",
            f"median {waits.median:.3f} s, p95 {waits.p95:.3f} s",
        )
    yield measurement("ratio of the medians", f"{found.during_flood.median / found.without_flood.median:.1f}")


async def _measure(bootstrap: str, worker: BenchProcess, flood: int, seconds: float) -> FloodResult:
    trickle = TricklePublisher(bootstrap)
    async with _polling(trickle):
        with _flooding_process(bootstrap, flood) as loud:
            await trickle.publish(3.0)  # until these are counted, something is still starting
            await trickle.wait_until_counted()
            begun = len(trickle.sent)
            await trickle.publish(seconds)
            await trickle.wait_until_counted()
            loud.request_count()
            await asyncio.to_thread(loud.read_count)
        counted = len(trickle.sent)
        await trickle.publish(seconds)
        await trickle.wait_until_counted()
        left = int(await asyncio.to_thread(worker.counter_total, _LAG))
    return FloodResult(WaitTimes(tuple(trickle.waits[begun:counted])), WaitTimes(tuple(trickle.waits[counted:])), left)
