"""A board says of a declaration what `safeclock measure` says of the same events, and exports it."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

import pytest

from dashboards.board.board import Board
from dashboards.board.metrics.freshness import Release
from producers.simulation.model.config import SimulationConfig
from producers.simulation.published_events import encode_line
from producers.simulation.traffic import simulate_history
from streams.batch.load import LoadedFiles, load_files
from streams.batch.verdicts.evaluate import evaluate_files
from streams.contract.declarations.declaration import Declaration
from streams.contract.declarations.evaluation import DeclarationVerdicts, Standing
from streams.contract.metrics.all_metrics import VERDICTS
from streams.contract.outputs.measures import (
    DECLARATION_PREFIX,
    STATUS_KEY,
    DeclarationRecord,
    PartitionStatus,
    encode_declaration,
    encode_partition_status,
    is_measure_key,
)
from streams.contract.packs.rulebook import STANDARD_RULES
from streams.contract.registry.file import read_registry
from streams.domain.duration_bins import DAY
from streams.domain.verdict.decision import Verdict
from tests.support.declarations import build_declaration
from tests.support.paths import DEMO_REGISTRY

START_MS = 1_767_571_200_000  # 2026-01-05, a Monday
PLATFORMS = ("harbor", "lantern", "cobalt", "juniper", "saffron", "meadow", "quartz", "pebble")
REGISTRY = replace(read_registry(DEMO_REGISTRY), partitions=1)


@lru_cache(maxsize=1)
def history() -> LoadedFiles:
    config = SimulationConfig(seed=7, start_ms=START_MS, weeks=31, reports=2_000, heartbeat_ms=DAY)
    return load_files((encode_line(event) for event in simulate_history(config)), REGISTRY)


@lru_cache(maxsize=1)
def history_rows() -> Mapping[bytes, bytes | None]:
    return {key: value for key, value in history().ledger.drain_changes().items() if is_measure_key(key)}


def declaration(platforms: tuple[str, ...] = PLATFORMS, **values: str) -> Declaration:
    found = build_declaration(
        declared="2026-04-01", platforms=json.dumps(platforms), weeks="14", decide="2027-07-08", **values
    )
    current = found.current._replace(first_week=found.baseline.first_week + 14, weeks=16)
    return found._replace(current=current, decide=current.last_day.replace(day=6, month=8))


def read_by_board(declared: Declaration, record: DeclarationRecord | None, now: int) -> Board:
    """Return a board that has read the history and the record of the declaration."""
    board = Board(REGISTRY, Release("1", STANDARD_RULES, (declared,)), lambda: now)
    for key, value in history_rows().items():
        board.measures.apply_record(0, key, value)
    if record is not None:
        key = DECLARATION_PREFIX + declared.sha256.encode()
        board.measures.apply_record(0, key, encode_declaration(record))
    as_of = history().as_of or 0
    status = PartitionStatus(as_of, now, 1, STANDARD_RULES.name, REGISTRY.hash)
    board.measures.apply_record(0, STATUS_KEY, encode_partition_status(status))
    fresh = board.assess_freshness({0})
    asyncio.run(board.compute_gauges(fresh))
    board.refresh_snapshot(fresh, fresh.as_of)
    return board


def board_verdicts(declared: Declaration, record: DeclarationRecord | None, now: int) -> DeclarationVerdicts:
    (found,) = read_by_board(declared, record, now).verdicts.current
    return found


@pytest.mark.parametrize("days", [-60, 3, 20, 120])
def test_a_board_and_measure_say_the_same_words_and_digits(days: int) -> None:
    declared = declaration()
    seen = declared.current.start - DAY
    now = declared.current.end + days * DAY

    (expected,) = evaluate_files(history(), [declared], seen, now)

    assert board_verdicts(declared, DeclarationRecord("2027-h1", seen), now) == expected


def test_a_second_board_that_reads_in_another_order_says_the_same() -> None:
    declared = declaration()
    record, now = DeclarationRecord("2027-h1", declared.current.start - DAY), declared.current.end + 20 * DAY
    board = Board(REGISTRY, Release("1", STANDARD_RULES, (declared,)), lambda: now)
    key = DECLARATION_PREFIX + declared.sha256.encode()
    board.measures.apply_record(0, key, encode_declaration(record))
    status = encode_partition_status(PartitionStatus(history().as_of or 0, now, 1, STANDARD_RULES.name, REGISTRY.hash))
    for name, value in reversed(list(history_rows().items())):
        board.measures.apply_record(0, name, value)
        board.measures.apply_record(0, STATUS_KEY, status)
    asyncio.run(board.compute_gauges(board.assess_freshness({0})))

    assert board.verdicts.current == (board_verdicts(declared, record, now),)


@pytest.mark.parametrize(
    ("record", "standing"),
    [
        (None, Standing.EXPLORATORY),
        (DeclarationRecord("2027-h1"), Standing.EXPLORATORY),
        (DeclarationRecord("2027-h1", declaration().current.start), Standing.EXPLORATORY),
        (DeclarationRecord("2027-h1", 1), Standing.DECLARED),
        (DeclarationRecord("2027-h1", 1, is_demo=True), Standing.DEMO),
    ],
)
def test_what_the_measures_say_of_the_declaration_decides_its_standing(
    record: DeclarationRecord | None, standing: Standing
) -> None:
    declared = declaration()

    assert board_verdicts(declared, record, declared.current.end + 20 * DAY).standing is standing


def test_every_metric_of_verdicts_is_exported_and_so_far_is_no_verdict() -> None:
    declared = declaration(cells='["platform"]')
    record = DeclarationRecord("2027-h1", 1)
    after = read_by_board(declared, record, declared.current.end + 20 * DAY)
    before = read_by_board(declared, record, declared.current.end - DAY)

    exported = {name for board in (after, before) for name, series in board.snapshot.values.items() if series}

    assert {metric.name for metric in VERDICTS} - exported <= {"safeclock_verdict_guard_info"}
    assert not before.snapshot.values["safeclock_verdict_info"].keys() & {
        (platform, "", "2027-h1", "declared", Verdict.SO_FAR.value) for platform in PLATFORMS
    }
    assert "safeclock_verdict_change_seconds" not in {
        name for name, series in before.snapshot.values.items() if any("harbor" in labels for labels in series)
    }
    verdicts = after.snapshot.values["safeclock_verdict_info"]
    assert {labels[0] for labels in verdicts} == set(PLATFORMS)


def test_a_board_without_declarations_exports_no_metric_of_verdicts() -> None:
    declared = declaration()
    board = read_by_board(declared, None, declared.current.end)
    empty = Board(REGISTRY, Release("1", STANDARD_RULES), lambda: 0)

    assert board.verdicts.current
    assert empty.verdicts.samples == {}
