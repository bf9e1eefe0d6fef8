"""How long an event takes to become a metric: published at a steady pace, read off the board's page.

The n-th filing has arrived when the page counts n of them, whichever they are: partitions overtake each other.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Final

from aiokafka import AIOKafkaProducer

from streams.contract.events.keys import record_key, report_token
from streams.contract.events.schema.envelope import ReportFiledEvent, encode_structured
from streams.contract.events.schema.event_data import ReportFiled
from streams.contract.registry.registry import Role
from streams.contract.timestamps import format_timestamp
from streams.contract.topics import partition_of
from streams.domain.vocabulary import Basis, Channel, Harm, Reporter
from streams.edge.clock import wall_clock_ms
from tests.support.simulation.workload import PARTITIONS
from tests.tools.bench.worker_process import BenchProcess, new_application_id, running_worker

_PLATFORM: Final = "harbor"
_FILED: Final = "safeclock_reports_filed_total"
_SECRET: Final = b"bench" * 8
_BURST_SECONDS: Final = 0.02
_POLL_SECONDS: Final = 0.02
_TIMEOUT_SECONDS: Final = 30.0
_FILING: Final = ReportFiled(
    harm=Harm.BULLYING,
    reporter=Reporter.USER,
    trusted_flagger=False,
    channel=Channel.IN_APP,
    basis=Basis.TERMS,
    jurisdictions=("FR",),
)


@dataclass(frozen=True)
class Latency:
    """Seconds from the sending of an event to the page that counts it, and the pace that was reached, per second."""

    median: float
    p99: float
    maximum: float
    events_per_second: float


def measure(bootstrap: str, folder: Path, *, events_per_second: int, seconds: float) -> Latency:
    """Run worker and board on empty topics and publish `pace` filings a second for so long."""
    environment = {"SAFECLOCK_BOOTSTRAP": bootstrap}
    with running_worker(bootstrap, new_application_id(), folder) as worker:
        board = BenchProcess("board", environment, folder / "board.log")
        try:
            return asyncio.run(_measure(bootstrap, worker, board, (events_per_second, seconds)))
        finally:
            board.stop()


async def _measure(bootstrap: str, worker: BenchProcess, board: BenchProcess, load: tuple[int, float]) -> Latency:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    try:
        await _publish(producer, 100, 1.0, [])  # until these are counted, something is still starting
        begun = 100
        await _wait_until_shown(board, worker, begun)
        sent: list[float] = []
        arrivals = asyncio.create_task(asyncio.to_thread(_poll_counts, board, begun, int(load[0] * load[1])))
        await _publish(producer, *load, sent)
        return _latency(sent, await arrivals)
    finally:
        await producer.stop()


async def _publish(producer: AIOKafkaProducer, pace: int, seconds: float, sent: list[float]) -> None:
    """Send filings in small bursts, each at its time; `sent` takes when each was handed over."""
    started = time.monotonic()
    count, total = 0, int(pace * seconds)
    while count < total:
        await asyncio.sleep(_BURST_SECONDS)
        for _ in range(count, min(total, int((time.monotonic() - started) * pace))):
            key, value = _filing(count)
            sent.append(time.monotonic())
            await producer.send(Role.REPORT_FILED, value, key=key, partition=partition_of(key, PARTITIONS))
            count += 1
    await producer.flush()


def _filing(number: int) -> tuple[bytes, bytes]:
    subject = report_token(_SECRET, "b1", f"{time.monotonic_ns()}-{number}")
    event = ReportFiledEvent(
        specversion="1.0",
        id=f"bench-{time.monotonic_ns()}",
        source=f"/platforms/{_PLATFORM}",
        time=format_timestamp(wall_clock_ms()),
        subject=subject,
        data=_FILING,
    )
    return record_key(_PLATFORM, subject), encode_structured(event)


async def _wait_until_shown(board: BenchProcess, worker: BenchProcess, count: int) -> None:
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while await asyncio.to_thread(board.counter_total, _FILED) < count:
        worker.raise_if_ended()
        board.raise_if_ended()
        if time.monotonic() > deadline:
            raise TimeoutError(f"expected {count} filings on the board's page within {_TIMEOUT_SECONDS:.0f} s")
        await asyncio.sleep(_POLL_SECONDS)


def _poll_counts(board: BenchProcess, initial_count: int, total: int) -> list[tuple[float, int]]:
    """Return when the page was read and how many of the filings it counted, until it counts them all."""
    seen: list[tuple[float, int]] = []
    deadline = time.monotonic() + 10 * _TIMEOUT_SECONDS
    while (not seen or seen[-1][1] < total) and time.monotonic() < deadline:
        count = int(board.counter_total(_FILED)) - initial_count
        seen.append((time.monotonic(), count))
        time.sleep(_POLL_SECONDS)
    return seen


def _latency(sent: Sequence[float], seen: Sequence[tuple[float, int]]) -> Latency:
    waits: list[float] = []
    for at, count in seen:
        waits += [at - began for began in sent[len(waits) : count]]
    if len(waits) < len(sent):
        raise TimeoutError(f"expected {len(sent)} filings on the board's page, found {len(waits)}")
    cuts = quantiles(waits, n=100)
    return Latency(cuts[49], cuts[98], max(waits), len(sent) / (sent[-1] - sent[0]))
