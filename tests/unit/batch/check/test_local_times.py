"""Local times that are written as UTC are told by the nights in which clocks change, or by their offset."""

from pathlib import Path

import pytest

from producers.simulation.model.config import SimulationConfig
from streams.domain.duration_bins import HOUR
from tests.unit.batch.check.mistaken_files import (
    LARGE_FILE_MISTAKES,
    MISTAKEN_FILES,
    OFFSET_MISTAKES,
    OFFSETS,
    SMALL,
    WITHOUT_RECORDED_TIME,
    check_lines,
    mistakes_by_platform,
    rotated_cases,
)
from tests.unit.batch.check.planted_files import (
    ACTION_TYPE,
    FILING_TYPE,
    FileChange,
    change_events,
    compose,
    lines_with_mistake,
    shift_times,
)

pytestmark = pytest.mark.long


@pytest.mark.parametrize("planted_row", [row for row in MISTAKEN_FILES if row[0] in LARGE_FILE_MISTAKES])
def test_a_local_time_without_offset_is_reported_by_the_nights_in_which_clocks_change(
    tmp_path: Path, planted_row: tuple[str, SimulationConfig, FileChange]
) -> None:
    name, plan, plant = planted_row

    found = check_lines(tmp_path, lines_with_mistake(plan, plant, "lantern"))

    assert name in mistakes_by_platform(found)["lantern"]


@pytest.mark.parametrize(("reports", "hours", "platform"), rotated_cases([1_600, 12_000], OFFSETS))
def test_times_that_are_all_local_are_reported_with_their_offset(
    tmp_path: Path, reports: int, hours: float, platform: str
) -> None:
    plant = change_events(shift_times(int(hours * HOUR), "time"))

    found = check_lines(tmp_path, lines_with_mistake(SMALL._replace(reports=reports), plant, platform))

    name = "ahead_by_an_offset" if hours > 0 else "late_by_an_offset"
    offset = f"{abs(int(hours))} h 30 min" if hours % 1 else f"{abs(hours)} h"
    assert name in mistakes_by_platform(found)[platform]
    assert any(offset in warning for warning in found.platforms[0].warnings)


@pytest.mark.parametrize("kind", [ACTION_TYPE, FILING_TYPE])
@pytest.mark.parametrize("hours", OFFSETS)
def test_times_of_actions_or_of_filings_that_are_local_are_reported(tmp_path: Path, hours: float, kind: str) -> None:
    plant = compose(WITHOUT_RECORDED_TIME, change_events(shift_times(int(hours * HOUR), "time"), kind))

    found = mistakes_by_platform(check_lines(tmp_path, lines_with_mistake(SMALL, plant)))

    longer = (hours > 0) == (kind == ACTION_TYPE)
    expected = {"acted_after_an_offset" if longer else "acted_before_filed"}
    assert {platform: mistakes & OFFSET_MISTAKES for platform, mistakes in found.items()} == dict.fromkeys(
        found, expected
    )
