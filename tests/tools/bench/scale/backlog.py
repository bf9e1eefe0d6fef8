"""A worker drains a long backlog: how fast it is, and what memory does meanwhile."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from streams.contract.registry.registry import Role
from streams.domain.duration_bins import DAY
from streams.edge.clock import wall_clock_ms
from tests.support.simulation import workload_topics
from tests.support.simulation.workload import PARTITIONS
from tests.tools.bench.scale.machine_stats import Measurement, format_mebibytes, measurement, resident_bytes
from tests.tools.bench.scale.record_generator import GeneratedPeriod, generate_history, send
from tests.tools.bench.worker_process import BenchProcess, new_application_id, worker_environment

PLATFORMS: Final = ("harbor", "lantern", "meadow", "quartz")
_APPLIED: Final = "safeclock_worker_records_applied_total"
_SAMPLE_INTERVAL_SECONDS: Final = 2.0
_SAMPLES_SHOWN: Final = 8


class BacklogOptions(NamedTuple):
    """How many events over how many days; drained for so many minutes at most, remembered for so many days."""

    events: int
    days: int
    minutes: float
    memory_days: tuple[int, ...]


class DrainSample(NamedTuple):
    """A moment of the drain: seconds since its begin, records applied and committed, bytes of memory."""

    at: float
    applied: int
    resident_bytes: int


def measure(
    bootstrap: str, folder: Path, order: BacklogOptions, print_progress: Callable[[str], None]
) -> Iterator[Measurement]:
    """Yield speed and memory over a drain, for each number of days that reports are remembered."""
    workload_topics.create(bootstrap, "")
    now, began = wall_clock_ms(), time.monotonic()
    span = GeneratedPeriod(order.events // 2, now - order.days * DAY, now - 2 * DAY)
    sent = asyncio.run(
        send(bootstrap, generate_history(PLATFORMS, span, {role: role.value for role in Role}, PARTITIONS))
    )
    print_progress(f"{sent:,} records sent in {time.monotonic() - began:.0f} s")
    for days in order.memory_days:
        samples = _drain_backlog(bootstrap, folder, sent, days, order.minutes)
        yield from _sample_rows(f"{order.events:,} events over {order.days} days, remembered for {days}", samples)


def _drain_backlog(bootstrap: str, folder: Path, records: int, memory_days: int, minutes: float) -> list[DrainSample]:
    name = new_application_id()
    workload_topics.create_output_topics(bootstrap, name)
    given = {**worker_environment(bootstrap, name), "SAFECLOCK_RETENTION_DAYS": str(memory_days)}
    worker = BenchProcess("worker", given, folder / f"{name}.log")
    began = time.monotonic()
    samples: list[DrainSample] = []
    try:
        while (not samples or samples[-1].applied < records) and time.monotonic() - began < 60 * minutes:
            time.sleep(_SAMPLE_INTERVAL_SECONDS if samples else 0.1)
            worker.raise_if_ended()
            applied = int(worker.counter_total(_APPLIED))
            if applied:
                samples.append(DrainSample(time.monotonic() - began, applied, resident_bytes(worker.pid)))
    finally:
        worker.stop()
    return samples


def _sample_rows(what: str, samples: list[DrainSample]) -> Iterator[Measurement]:
    first, last = samples[0], samples[-1]
    rate = (last.applied - first.applied) / max(last.at - first.at, 0.001)
    yield measurement(f"{what}: drained", f"{last.applied:,} at {rate:,.0f} events/s in {last.at - first.at:.0f} s")
    places = sorted({round(place * (len(samples) - 1) / _SAMPLES_SHOWN) for place in range(1, _SAMPLES_SHOWN + 1)})
    course = ", ".join(
        f"{samples[place].applied / 1e6:.1f} M {format_mebibytes(samples[place].resident_bytes)}" for place in places
    )
    yield measurement(f"{what}: memory of the worker, by events applied", course)
