"""A file with one mistake throughout is told its probable cause; a clean one is told nothing."""

import json
from pathlib import Path

import pytest

from producers.simulation.model.config import SimulationConfig
from streams.batch.check.mistakes.catalogue import MISTAKES
from streams.contract.timestamps import format_timestamp, parse_timestamp
from streams.domain.duration_bins import HOUR
from tests.support.paths import ROOT
from tests.unit.batch.check.mistaken_files import (
    ENDINGS,
    LARGE_FILE_MISTAKES,
    MISTAKEN_FILES,
    OFFSET_MISTAKES,
    SMALL,
    WITHOUT_RECORDED_TIME,
    check_lines,
    mistakes_by_platform,
    only_outcomes,
    rotated_cases,
)
from tests.unit.batch.check.planted_files import (
    ACTION_TYPE,
    FILING_TYPE,
    FileChange,
    change_events,
    compose,
    lines_with_mistake,
    simulated_lines,
    without_fields,
)


@pytest.mark.parametrize(
    ("planted_row", "platform"), rotated_cases([row for row in MISTAKEN_FILES if row[0] not in LARGE_FILE_MISTAKES])
)
def test_a_planted_mistake_is_reported(
    tmp_path: Path, planted_row: tuple[str, SimulationConfig, FileChange], platform: str
) -> None:
    name, plan, plant = planted_row

    found = check_lines(tmp_path, lines_with_mistake(plan, plant, platform))

    assert name in mistakes_by_platform(found)[platform]


def test_every_mistake_is_planted() -> None:
    names = [mistake.name for mistake in MISTAKES]

    assert len(set(names)) == len(names)
    assert set(names) == {name for name, _, _ in MISTAKEN_FILES} | OFFSET_MISTAKES


def test_durations_that_a_platform_cut_off_at_zero_are_reported(tmp_path: Path) -> None:
    filed = {
        event["subject"]: parse_timestamp(event["time"])
        for event in map(json.loads, simulated_lines(SMALL))
        if event["type"] == FILING_TYPE
    }
    cut = change_events(lambda event: event | {"time": format_timestamp(max(filed[event["subject"]], parse_timestamp(event["time"]) - 5 * HOUR))}, ACTION_TYPE)  # fmt: skip

    found = check_lines(tmp_path, lines_with_mistake(SMALL, compose(WITHOUT_RECORDED_TIME, cut), "meadow"))

    assert any("0 seconds" in warning for warning in found.platforms[0].warnings)


def test_only_closed_reports_are_reported(tmp_path: Path) -> None:
    found = check_lines(
        tmp_path, lines_with_mistake(SMALL, only_outcomes(*ENDINGS, "restricted", "account_restricted"), "meadow")
    )

    assert any("closed reports only" in warning for warning in found.platforms[0].warnings)


@pytest.mark.parametrize("seed", [*range(6), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(6, 100))])
def test_a_clean_file_gets_no_report(tmp_path: Path, seed: int) -> None:
    starts = ("2026-01-05", "2025-03-10", "2026-10-12", "2025-06-02", "2026-02-16")
    plan = SimulationConfig(
        seed=seed,
        start_ms=parse_timestamp(f"{starts[seed % 5]}T00:00:00Z"),
        weeks=(1, 2, 4, 8)[seed % 4],
        reports=(400, 1_500, 4_000, 9_000)[seed // 4 % 4],
    )
    plant = WITHOUT_RECORDED_TIME if seed % 3 == 0 else change_events(without_fields("datacontenttype"))

    found = mistakes_by_platform(check_lines(tmp_path, lines_with_mistake(plan, plant)))

    # It tells filings when they are closed, which is its planted truth: nothing of it is open, and its promises break.
    assert found.pop("juniper") <= {"logged_after_heartbeat", "all_acted"}
    assert found == {platform: set() for platform in found}


def test_the_documentation_lists_every_mistake() -> None:
    text = (ROOT / "docs/publishing.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]

    assert {mistake.name for mistake in MISTAKES} <= {name for row in rows for name in row.split("`")}


def test_a_mistake_says_nothing_that_was_in_a_line(tmp_path: Path) -> None:
    mark = "qqqsecretqqq"
    plant = change_events(lambda event: event | {"id": f"{mark}{event['id'][-3:]}", "time": "2026-01-05T10:00:00.123Z"})

    (platform,) = check_lines(tmp_path, lines_with_mistake(SMALL, plant, "meadow")).platforms

    assert platform.mistakes
    assert mark not in " ".join(platform.warnings)
