"""What millions of remembered reports cost a worker: memory, changelog on disk, and the time to be ready after a kill."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from streams.contract.topics import changelog_topic
from streams.edge.clock import wall_clock_ms
from tests.support.broker.apache import ApacheKafka
from tests.support.paths import ROOT
from tests.support.simulation import workload_topics
from tests.support.simulation.workload import PARTITIONS
from tests.tools.bench.scale.machine_stats import Measurement, format_mebibytes, log_bytes, measurement, resident_bytes
from tests.tools.bench.worker_process import BenchProcess, new_application_id, worker_environment

_POLL_SECONDS: Final = 0.1
_PATIENCE_SECONDS: Final = 900.0
_RESTORED: Final = re.compile(r"restored (\d+) rows from (\d+) records, read in ([\d.]+) s, loaded in ([\d.]+) s")


class RestoreResult(NamedTuple):
    """One restore: seconds until ready and of processor time, memory, rows, records, and the split of the longest partition.

    Partitions are restored at the same time in one thread, so `reading` and `loading` of one hold pieces of the others'.
    """

    seconds: float
    cpu: float
    memory: int
    rows: int
    records: int
    reading: float
    loading: float


class RestoreSize(NamedTuple):
    """How many open and ended reports; compaction is over when a topic has not shrunk for `settled` seconds."""

    open: int
    ended: int
    compaction_seconds: float = 40.0


def measure(
    broker: ApacheKafka, folder: Path, size: RestoreSize, print_progress: Callable[[str], None]
) -> Iterator[Measurement]:
    """Yield what so many reports cost."""
    name = new_application_id()
    workload_topics.create_output_topics(broker.bootstrap, name)
    log, topic = broker.settings.folder / "log", changelog_topic(name)
    _compact(broker.bootstrap, topic, after_ms=1 << 50)
    what = f"{size.open:,} open and {size.ended:,} ended reports"
    began = time.monotonic()
    reports = _fill(broker.bootstrap, name, size)
    print_progress(f"{reports:,} reports written in {time.monotonic() - began:.0f} s")
    yield measurement(f"{what}: changelog before compaction", format_mebibytes(log_bytes(log, topic)))
    yield from _result_rows(f"{what}: before compaction", _restore(broker.bootstrap, name, folder))
    _compact(broker.bootstrap, topic, after_ms=0)
    _wait_for_compaction(log, topic, size.compaction_seconds)
    yield measurement(f"{what}: changelog after compaction", format_mebibytes(log_bytes(log, topic)))
    yield from _result_rows(f"{what}: after compaction and SIGKILL", _restore(broker.bootstrap, name, folder))


def _result_rows(what: str, found: RestoreResult) -> Iterator[Measurement]:
    split = f"{found.rows:,} rows of {found.records:,} records; slowest partition {found.reading:.1f} s reading, {found.loading:.1f} s loading"
    took = f"{found.seconds:.1f} s, {found.cpu:.1f} s of processor time"
    yield measurement(f"{what}, from start to ready", f"{took} ({split})")
    yield measurement(f"{what}, memory of the worker", format_mebibytes(found.memory))


def _fill(bootstrap: str, name: str, size: RestoreSize) -> int:
    now = str(wall_clock_ms())

    def one(partition: int) -> int:
        share = [str(number // PARTITIONS) for number in (size.open, size.ended)]
        command = [
            sys.executable,
            "-m",
            "tests.tools.bench.scale.changelog_filler",
            bootstrap,
            name,
            str(partition),
            *share,
            now,
        ]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        return int(re.findall(r"\d+", done.stdout)[-1])

    with ThreadPoolExecutor(2) as two:
        return sum(two.map(one, range(PARTITIONS)))


@contextmanager
def _running_restore(bootstrap: str, name: str, log: Path) -> Iterator[BenchProcess]:
    """Run a worker with a name of its own in the group, so that it need not wait for its former self to be given up."""
    worker = BenchProcess(
        "worker",
        {**worker_environment(bootstrap, name), "SAFECLOCK_INSTANCE": "scale", "SAFECLOCK_LOG_LEVEL": "debug"},
        log,
    )
    try:
        yield worker
    finally:
        worker.kill()


def _restore(bootstrap: str, name: str, folder: Path) -> RestoreResult:
    """Start a worker, wait until it is ready, and kill it."""
    log = folder / f"{name}.log"
    began = time.monotonic()
    with _running_restore(bootstrap, name, log) as worker:
        while not worker.is_ready():
            worker.raise_if_ended()
            if time.monotonic() - began > _PATIENCE_SECONDS:
                raise TimeoutError(f"expected a ready worker within {_PATIENCE_SECONDS:.0f} s")
            time.sleep(_POLL_SECONDS)
        seconds, cpu, memory = time.monotonic() - began, worker.cpu_seconds(), resident_bytes(worker.pid)
    parts = [tuple(map(float, found)) for found in _RESTORED.findall(log.read_text(encoding="utf-8"))]
    rows, records, reading, loading = zip(*parts, strict=True)
    return RestoreResult(seconds, cpu, memory, int(sum(rows)), int(sum(records)), max(reading), max(loading))


def _compact(bootstrap: str, topic: str, after_ms: int) -> None:
    """Let the broker compact a topic's records when they are so old."""
    settings = {"min.compaction.lag.ms": str(after_ms)}
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=settings)])
    finally:
        admin.close()


def _wait_for_compaction(log: Path, topic: str, seconds: float) -> None:
    """Return when a topic has not shrunk for a while."""
    size, since = log_bytes(log, topic), time.monotonic()
    while time.monotonic() - since < seconds:
        time.sleep(1.0)
        now = log_bytes(log, topic)
        if now != size:
            size, since = now, time.monotonic()
