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
from tests.tools.bench.scale.machine_stats import Figure, figure, mebibytes, resident
from tests.tools.bench.scale.record_generator import Span, history, send
from tests.tools.bench.worker_process import Part, application, environment_of

PLATFORMS: Final = ("harbor", "lantern", "meadow", "quartz")
_APPLIED: Final = "safeclock_worker_records_applied_total"
_SAMPLE_SECONDS: Final = 2.0
_TOLD: Final = 8


class Order(NamedTuple):
    """How many events over how many days; drained for so many minutes at most, remembered for so many days."""

    events: int
    days: int
    minutes: float
    memory_days: tuple[int, ...]


class Sample(NamedTuple):
    """A moment of the drain: seconds since its begin, records applied and committed, bytes of memory."""

    at: float
    applied: int
    memory: int


def measure(bootstrap: str, folder: Path, order: Order, say: Callable[[str], None]) -> Iterator[Figure]:
    """Yield speed and memory over a drain, for each number of days that reports are remembered."""
    workload_topics.create(bootstrap, "")
    now, began = wall_clock_ms(), time.monotonic()
    span = Span(order.events // 2, now - order.days * DAY, now - 2 * DAY)
    sent = asyncio.run(send(bootstrap, history(PLATFORMS, span, {role: role.value for role in Role}, PARTITIONS)))
    say(f"{sent:,} records sent in {time.monotonic() - began:.0f} s")
    for days in order.memory_days:
        samples = _drained(bootstrap, folder, sent, days, order.minutes)
        yield from _told(f"{order.events:,} events over {order.days} days, remembered for {days}", samples)


def _drained(bootstrap: str, folder: Path, records: int, memory_days: int, minutes: float) -> list[Sample]:
    name = application()
    workload_topics.create_of_contract(bootstrap, name)
    given = {**environment_of(bootstrap, name), "SAFECLOCK_RETENTION_DAYS": str(memory_days)}
    worker = Part("worker", given, folder / f"{name}.log")
    began = time.monotonic()
    samples: list[Sample] = []
    try:
        while (not samples or samples[-1].applied < records) and time.monotonic() - began < 60 * minutes:
            time.sleep(_SAMPLE_SECONDS if samples else 0.1)
            worker.check()
            applied = int(worker.total(_APPLIED))
            if applied:
                samples.append(Sample(time.monotonic() - began, applied, resident(worker.process.pid)))
    finally:
        worker.stop()
    return samples


def _told(what: str, samples: list[Sample]) -> Iterator[Figure]:
    first, last = samples[0], samples[-1]
    rate = (last.applied - first.applied) / max(last.at - first.at, 0.001)
    yield figure(f"{what}: drained", f"{last.applied:,} at {rate:,.0f} events/s in {last.at - first.at:.0f} s")
    places = sorted({round(place * (len(samples) - 1) / _TOLD) for place in range(1, _TOLD + 1)})
    course = ", ".join(f"{samples[place].applied / 1e6:.1f} M {mebibytes(samples[place].memory)}" for place in places)
    yield figure(f"{what}: memory of the worker, by events applied", course)
