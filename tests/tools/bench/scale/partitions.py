"""A backlog on more and more partitions, drained by one worker and by two."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from streams.contract.registry.file import read_registry
from streams.contract.registry.registry import Role
from streams.domain.duration_bins import DAY
from streams.edge.clock import wall_clock_ms
from tests.support.broker.apache import apache_kafka
from tests.support.simulation.workload_topics import create_output_topics
from tests.tools.bench.scale.backlog import PLATFORMS
from tests.tools.bench.scale.machine_stats import Measurement, format_mebibytes, measurement, resident_bytes
from tests.tools.bench.scale.record_generator import GeneratedPeriod, generate_history, send
from tests.tools.bench.worker_process import BenchProcess, new_application_id, worker_environment

_APPLIED: Final = "safeclock_worker_records_applied_total"
_DAYS: Final = 30
_POLL_SECONDS: Final = 0.1
_PATIENCE_SECONDS: Final = 300.0
_SHARED_TOPICS: Final = 'report_filed = "report-filed"\naction_taken = "action-taken"\n'


def measure(
    folder: Path, sizes: list[int], events: int, print_progress: Callable[[str], None]
) -> Iterator[Measurement]:
    """Yield events/s and memory for each number of partitions, with one worker and with two."""
    base = 0.0
    for count in sizes:
        with apache_kafka() as broker:
            file = _registry(folder, count)
            sent = _fill(broker.bootstrap, file, count, events)
            print_progress(f"{sent:,} records on {count} partitions")
            for workers in (1, 2):
                rate, memory = _drain_backlog(broker.bootstrap, folder, file, sent, workers)
                base = base or rate
                each = ", ".join(map(format_mebibytes, memory))
                what = f"{count} partitions, {workers} worker{'s' if workers > 1 else ''}"
                yield measurement(what, f"{rate:,.0f} events/s, {rate / base:.2f} of the first; memory {each}")


def _registry(folder: Path, partitions: int) -> Path:
    file = folder / f"{partitions}.toml"
    platforms = [
        f'[[platforms]]\nid = "{name}"\nprovider = "{name}"\ncadence = "5m"\n{_SHARED_TOPICS}' for name in PLATFORMS
    ]
    file.write_text("\n".join([f"partitions = {partitions}", *platforms]), encoding="utf-8")
    return file


def _fill(bootstrap: str, file: Path, partitions: int, events: int) -> int:
    create_output_topics(bootstrap, "fill", read_registry(file))
    now = wall_clock_ms()
    span = GeneratedPeriod(events // 2, now - _DAYS * DAY, now - 2 * DAY)
    records = generate_history(PLATFORMS, span, {role: role.value for role in Role}, partitions)
    return asyncio.run(send(bootstrap, records))


def _drain_backlog(bootstrap: str, folder: Path, file: Path, records: int, workers: int) -> tuple[float, list[int]]:
    """Return events/s from the moment when every worker has begun, or half is done, and the memory of each at the end."""
    name = new_application_id()
    create_output_topics(bootstrap, name, read_registry(file))
    given = {**worker_environment(bootstrap, name), "SAFECLOCK_REGISTRY": str(file)}
    with ExitStack() as running:
        parts = [BenchProcess("worker", given, folder / f"{name}-{number}.log") for number in range(workers)]
        for part in parts:
            running.callback(part.stop)
        begun = _wait_for_records(parts, lambda counts: min(counts) > 0 or sum(counts) >= records / 2)
        started = time.perf_counter()
        done = _wait_for_records(parts, lambda counts: sum(counts) >= records)
        return (done - begun) / (time.perf_counter() - started), [resident_bytes(part.pid) for part in parts]


def _wait_for_records(parts: list[BenchProcess], wanted: Callable[[list[float]], bool]) -> float:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not wanted(counts := [part.counter_total(_APPLIED) for part in parts]):
        for part in parts:
            part.raise_if_ended()
        if time.monotonic() > deadline:
            raise TimeoutError(f"expected the backlog to be drained, applied are {counts}")
        time.sleep(_POLL_SECONDS)
    return sum(counts)
