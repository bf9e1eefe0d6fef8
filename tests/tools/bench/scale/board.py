"""A board of many platforms, harms and weeks: memory, the time to its first whole page, and what a scrape takes."""

import asyncio
import random
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from streams.contract.outputs.measures import STATUS_KEY, PartitionStatus, encode_partition_status, is_measure_key
from streams.contract.outputs.row_codec import MessagePackCodec
from streams.contract.packs.ledger_config import ledger_config
from streams.contract.registry.file import read_registry
from streams.contract.registry.registry import Registry
from streams.contract.topics import MEASURES
from streams.domain.clocks.standard import STANDARD_PACK
from streams.domain.duration_bins import DAY, HOUR
from streams.domain.events import Action, ActionKind, Event, Filing, Heartbeat
from streams.domain.labels import Labels, encode_labels
from streams.domain.ledger.ledger import Ledger
from streams.domain.vocabulary import Basis, Channel, Harm, Outcome, Reporter, Severity
from streams.edge.clock import wall_clock_ms
from tests.support.simulation import workload_topics
from tests.support.simulation.workload import PARTITIONS
from tests.tools.bench.scale.machine_stats import Measurement, format_mebibytes, measurement, resident_bytes
from tests.tools.bench.scale.record_generator import GeneratedRecord, send
from tests.tools.bench.worker_process import BenchProcess, new_application_id

_SCRAPES: Final = 10
_PATIENCE_SECONDS: Final = 600.0
_ACTION_KINDS: Final = (ActionKind(Outcome.RESTRICTED, is_final=True), ActionKind(Outcome.NO_VIOLATION), None)


class BoardSize(NamedTuple):
    """How many platforms and harms over how many weeks; a report a day for each."""

    platforms: int
    harms: int
    weeks: int


def measure(bootstrap: str, folder: Path, breadth: BoardSize) -> Iterator[Measurement]:
    """Yield what a board takes for so much."""
    file = _registry(folder, breadth.platforms)
    registry, now = read_registry(file), wall_clock_ms()
    workload_topics.create_output_topics(bootstrap, new_application_id())
    for partition in range(PARTITIONS):
        asyncio.run(send(bootstrap, _measure_updates(registry, breadth, partition, now)))
    what = f"{breadth.platforms} platforms, {breadth.harms} harms, {breadth.weeks} weeks"
    began = time.monotonic()
    given = {"SAFECLOCK_BOOTSTRAP": bootstrap, "SAFECLOCK_REGISTRY": str(file)}
    board = BenchProcess("board", given, folder / "board.log")
    try:
        while not board.is_ready():
            board.raise_if_ended()
            if time.monotonic() - began > _PATIENCE_SECONDS:
                raise TimeoutError(f"expected a page within {_PATIENCE_SECONDS:.0f} s: {board.get_page('/readyz')}")
            time.sleep(0.1)
        yield measurement(f"{what}: from start to the first whole page", f"{time.monotonic() - began:.1f} s")
        took, page = zip(*[_time_scrape(board) for _ in range(_SCRAPES)], strict=True)
        lines = sum(not line.startswith("#") for line in page[-1].splitlines())
        yield measurement(f"{what}: the page", f"{len(page[-1]) / 1e6:.1f} MB, {lines:,} samples")
        yield measurement(f"{what}: a scrape, of {_SCRAPES}", f"median {median(took):.2f} s, worst {max(took):.2f} s")
        yield measurement(f"{what}: memory of the board", format_mebibytes(resident_bytes(board.pid)))
    finally:
        board.stop()


def _time_scrape(board: BenchProcess) -> tuple[float, str]:
    began = time.perf_counter()
    page = board.get_page("/metrics")
    took = time.perf_counter() - began
    time.sleep(0.5)
    return took, page


def _registry(folder: Path, platforms: int) -> Path:
    file = folder / "platforms.toml"
    names = [f"platform-{number}" for number in range(platforms)]
    file.write_text(
        "\n".join(f'[[platforms]]\nid = "{name}"\nprovider = "{name}"\ncadence = "5m"\n' for name in names),
        encoding="utf-8",
    )
    return file


def _measure_updates(registry: Registry, breadth: BoardSize, partition: int, now: int) -> Iterator[GeneratedRecord]:
    """Yield what a worker has told of its share of the reports, with the real ledger."""
    ledger = Ledger(ledger_config(registry), MessagePackCodec())
    for event in _events(registry, breadth, partition, now):
        if event.logged_at >= ledger.next_due:
            ledger.advance(event.logged_at)
        ledger.apply(event)
    ledger.advance(now)
    status = PartitionStatus(now, now, PARTITIONS, STANDARD_PACK, registry.hash)
    rows = [(key, value) for key, value in ledger.drain_changes().items() if is_measure_key(key)]
    for key, value in [*rows, (STATUS_KEY, encode_partition_status(status))]:
        assert value is not None
        yield GeneratedRecord(MEASURES, partition, key, value)


def _events(registry: Registry, breadth: BoardSize, partition: int, now: int) -> Iterator[Event]:
    numbers = random.Random(partition)
    labels = [
        encode_labels(Labels(harm, Reporter.USER, False, Channel.IN_APP, Basis.TERMS, Severity.HIGH, "EU"))  # noqa: FBT003
        for harm in list(Harm)[: breadth.harms]
    ]
    for day in range(7 * breadth.weeks, 0, -1):
        for platform in registry.platforms:
            for place, label in enumerate(labels):
                if (day + place) % PARTITIONS == partition:
                    yield from _report_events(numbers, platform, label, now - day * DAY)
            yield Heartbeat(platform, now - day * DAY, now - day * DAY, now - day * DAY, 7 * breadth.weeks - day)
    yield from (Heartbeat(platform, now, now, now, 7 * breadth.weeks) for platform in registry.platforms)


def _report_events(numbers: random.Random, platform: str, label: str, at: int) -> Iterator[Event]:
    key = b"%s|%032x" % (platform.encode(), numbers.getrandbits(128))
    yield Filing(key, platform, at, at + 900, numbers.getrandbits(64), 1, label)
    action_kind, later = numbers.choice(_ACTION_KINDS), at + int(min(numbers.expovariate(1) * 10, 23) * HOUR)
    if action_kind is not None:
        yield Action(key, platform, later, max(later, at + 1000), numbers.getrandbits(64), 2, action_kind)
