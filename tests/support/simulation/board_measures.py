"""What workers would tell on `measures` about a small simulated history, made by ledgers in this process."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from dashboards.board.board import Board
from dashboards.board.metrics.freshness import Release
from producers.simulation.model.config import SimulationConfig
from producers.simulation.published_events import encode_line
from producers.simulation.traffic import simulate_history
from streams.batch.load import load_files
from streams.batch.measure import measure
from streams.contract.events.decoder import EventDecoder, Refusal
from streams.contract.outputs.measures import STATUS_KEY, PartitionStatus, encode_partition_status, is_measure_key
from streams.contract.outputs.row_codec import MessagePackCodec
from streams.contract.packs.file import load_rulebook
from streams.contract.packs.ledger_config import ledger_config
from streams.contract.registry.file import read_registry
from streams.contract.registry.registry import AuditedHistory, Registry
from streams.contract.timestamps import MAX_TIMESTAMP_MS, parse_timestamp
from streams.contract.topics import partition_of
from streams.domain.duration_bins import DAY
from streams.domain.events import Heartbeat
from streams.domain.ledger.ledger import Ledger
from tests.support.paths import CHILDREN_PACK, DEMO_REGISTRY, PAUSING_PACK

PARTITIONS = 8
ALL_PARTITIONS = frozenset(range(PARTITIONS))
SIMULATION_PLAN = SimulationConfig(seed=11, start_ms=parse_timestamp("2026-03-16T00:00:00Z"), weeks=3, reports=1_500)
_UPDATES_PER_COMMIT = 700

Update = tuple[int, bytes, bytes | None]


class SimulatedMeasures(NamedTuple):
    """The updates of every partition in the order in which they were committed, and what the batch path says."""

    updates: tuple[Update, ...]
    as_of: int
    document: dict[str, object]
    by_harm_and_channel: dict[str, object]
    by_day: dict[str, object]


def demo_registry() -> Registry:
    """Return the demo's registry, with a span of history that one platform has open."""
    demo = read_registry(DEMO_REGISTRY)
    span = AuditedHistory(
        since=0, until=SIMULATION_PLAN.start_ms - DAY, opened_on=SIMULATION_PLAN.start_ms, opened_by="audit"
    )
    opened = replace(demo.platforms["harbor"], history=(span,))
    return replace(demo, platforms={**demo.platforms, "harbor": opened})


RULEBOOK = load_rulebook([CHILDREN_PACK, PAUSING_PACK], demo_registry(), SIMULATION_PLAN.start_ms)
BUILD_INFO = Release("1", RULEBOOK)


def partition_status(partition_now: int, at: int, partitions: int = PARTITIONS) -> bytes:
    """Return the status row of a partition."""
    return encode_partition_status(PartitionStatus(partition_now, at, partitions, RULEBOOK.name, "registry"))


def board_at(wall: int) -> Board:
    """Return a board whose wall clock stands still."""
    return Board(demo_registry(), BUILD_INFO, lambda: wall)


def apply_updates(board: Board, updates: Iterable[Update]) -> Board:
    """Let a board read `updates`, compute and count."""
    for update in updates:
        board.measures.apply_record(*update)
    fresh = board.assess_freshness(ALL_PARTITIONS)
    asyncio.run(board.compute_gauges(fresh))
    board.refresh_snapshot(fresh, fresh.as_of)
    return board


@lru_cache(maxsize=1)
def simulated_measures() -> SimulatedMeasures:
    """Return a history as eight workers tell it in several commits, and as the batch path measures it."""
    published = list(simulate_history(SIMULATION_PLAN))
    batch = load_files((encode_line(one) for one in published), demo_registry(), None, RULEBOOK)
    assert batch.as_of is not None
    return SimulatedMeasures(
        updates=tuple(_updates(batch.as_of)),
        as_of=batch.as_of,
        document=measure(batch, ["platform"]),
        by_harm_and_channel=measure(batch, ["platform", "harm", "channel"]),
        by_day=measure(batch, ["platform", "day"]),
    )


def _updates(as_of: int) -> Iterator[Update]:
    decoder, rules = EventDecoder(demo_registry()), ledger_config(demo_registry(), RULEBOOK)
    ledgers = [Ledger(rules, MessagePackCodec()) for _ in range(PARTITIONS)]
    for ledger in ledgers:
        ledger.start()
    for place, one in enumerate(simulate_history(SIMULATION_PLAN)):
        event = decoder.decode_line(encode_line(one), MAX_TIMESTAMP_MS)
        assert not isinstance(event, Refusal)
        if isinstance(event, Heartbeat):
            for ledger in ledgers:
                ledger.apply(event._replace(topic_role=one.role.value))
        else:
            ledgers[partition_of(event.key, PARTITIONS)].apply(event)
        if place % _UPDATES_PER_COMMIT == 0:
            yield from _commit(ledgers, one.logged_at_ms)
    for ledger in ledgers:
        ledger.advance(as_of)
    yield from _commit(ledgers, as_of)


def _commit(ledgers: list[Ledger], now: int) -> Iterator[Update]:
    for partition, ledger in enumerate(ledgers):
        for key, value in ledger.drain_changes().items():
            if is_measure_key(key):
                yield partition, key, value
        yield partition, STATUS_KEY, partition_status(now, now)
