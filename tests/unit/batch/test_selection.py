"""Figures of a selection are those of a file that holds the selected reports alone."""

import csv
import json
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import safeclock
from producers.simulation.model.config import SimulationConfig
from producers.simulation.published_events import encode_line
from producers.simulation.traffic import simulate_history
from streams.batch.load import load_files
from streams.batch.measure import measure
from streams.batch.selection import ALL_REPORTS, Selection, SelectionError, find_group, parse_labels
from streams.contract.registry.file import read_registry
from streams.contract.registry.jurisdictions import DEFAULT_GROUPS
from streams.domain.cohorts.calendar import PERIOD_NAMES, parse_period
from streams.domain.duration_bins import DAY
from tests.support.paths import DEMO_REGISTRY

REGISTRY = read_registry(DEMO_REGISTRY)
CONFIG = SimulationConfig(
    seed=7, start_ms=1_767_571_200_000, weeks=9, reports=1_000, heartbeat_ms=DAY
)  # from 2026-01-05 on
Group = Mapping[str, Any]


@lru_cache(maxsize=1)
def lines() -> tuple[bytes, ...]:
    return tuple(encode_line(event) for event in simulate_history(CONFIG))


def groups(
    selection: Selection = ALL_REPORTS, by: str = "platform", kept: Callable[[Any], bool] | None = None
) -> list[Group]:
    """Return the groups of a selection, or of a file that holds only the reports whose filing is `kept`."""
    found = lines() if kept is None else _lines_of_reports(kept)
    document: Any = measure(load_files(found, REGISTRY, CONFIG.end_ms), by.split(","), selection)
    return [{name: value for name, value in group.items() if name != "warnings"} for group in document["groups"]]


def _lines_of_reports(kept: Callable[[Any], bool]) -> list[bytes]:
    decoded = [(line, json.loads(line)) for line in lines()]
    tokens = {event["subject"] for _, event in decoded if event["type"] == "safeclock.report-filed.v1" and kept(event)}
    return [line for line, event in decoded if "subject" not in event or event["subject"] in tokens]


@pytest.mark.parametrize(
    ("selection", "kept"),
    [
        (Selection(parse_labels(["harm=grooming"])), lambda event: event["data"]["harm"] == "grooming"),
        (
            Selection(parse_labels(["harm=grooming,harm=csam", "channel=in_app"])),
            lambda event: event["data"]["harm"] in {"grooming", "csam"} and event["data"]["channel"] == "in_app",
        ),
        (Selection(parse_labels(["trusted_flagger=true"])), lambda event: event["data"]["trusted_flagger"]),
        (Selection(jurisdiction="UK"), lambda event: "GB" in event["data"]["jurisdictions"]),
        (
            Selection(first_day=20_470, last_day=20_480),
            lambda event: "2026-01-17" <= event["time"][:10] <= "2026-01-27",
        ),
    ],
)
def test_the_figures_are_those_of_the_selected_reports_alone(selection: Selection, kept: Callable[[Any], bool]) -> None:
    found = groups(selection)

    assert found == groups(kept=kept)
    assert 0 < sum(group["filed"] for group in found) < sum(group["filed"] for group in groups())


@pytest.mark.parametrize("by", ["harm", "week", "month", "quarter", "platform,week"])
def test_the_parts_add_up_to_the_whole(by: str) -> None:
    parts, whole = groups(by=by), groups()

    assert sum(part["filed"] for part in parts) == sum(group["filed"] for group in whole)
    for clock in ("time_to_action", "time_to_decision"):
        assert sum(part["clocks"][clock]["events"] for part in parts) == sum(
            group["clocks"][clock]["events"] for group in whole
        )


@pytest.mark.parametrize("unit", list(PERIOD_NAMES))
def test_a_period_is_partial_if_a_part_of_its_days_is_not_in_the_figures(unit: str) -> None:
    first, last = 20_470, 20_520
    marked = {group[unit]: group["partial"] for group in groups(Selection(first_day=first, last_day=last), by=unit)}

    assert marked == {
        name: parse_period(name).first_day < first
        or parse_period(name).last_day > min(last, CONFIG.end_ms // 86_400_000 - 1)
        for name in marked
    }
    assert any(marked.values())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("harm", "--where: expected LABEL=WORD"),
        ("harm=violence", "--where: harm: expected one of csam"),
        ("colour=red", "--where: expected a label of harm, reporter"),
        ("trusted_flagger=yes", "--where: trusted_flagger: expected true or false"),
        ("harm=grooming,", "--where: expected LABEL=WORD"),
    ],
)
def test_a_wrong_condition_is_refused_without_its_value(text: str, expected: str) -> None:
    with pytest.raises(SelectionError) as error:
        parse_labels([text])

    assert str(error.value).startswith(expected)
    assert not {"violence", "colour", "yes"} & set(str(error.value).split())


@pytest.mark.parametrize(
    ("code", "group"), [("GB", "UK"), ("UK", "UK"), ("EU", "EU"), ("other", "other"), ("ZZ", "ZZ")]
)
def test_a_jurisdiction_is_a_group_or_the_only_country_of_one(code: str, group: str) -> None:
    assert find_group(code, DEFAULT_GROUPS) == group


@pytest.mark.parametrize("code", ["FR", "gb", "XX"])
def test_a_country_within_a_larger_group_is_refused(code: str) -> None:
    with pytest.raises(SelectionError, match="--jurisdiction: expected one of AU, EU"):
        find_group(code, DEFAULT_GROUPS)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("history") / "history.jsonl"
    config = CONFIG._replace(weeks=31)
    file.write_bytes(b"".join(encode_line(event) + b"\n" for event in simulate_history(config)))
    return file


def run(history: Path, *arguments: str) -> Result:
    registry = ("--registry", str(DEMO_REGISTRY))
    return CliRunner().invoke(safeclock.main, ["measure", str(history), *registry, *arguments])


def test_comparisons_are_exploratory_and_the_same_in_table_json_and_csv(history: Path) -> None:
    compare = ("--compare", "2026-Q1..2026-Q2")

    (found, rows, table) = (
        json.loads(run(history, *compare, "--format=json").stdout)["comparisons"],
        list(csv.DictReader(StringIO(run(history, *compare, "--format=csv").stdout))),
        run(history, *compare).stdout,
    )

    assert [one["sentence"] for one in found] == [row["sentence"] for row in rows]
    assert all(one["sentence"].startswith("Exploratory: ") and one["sentence"] in table for one in found)
    assert {one["standing"] for one in found} == {"exploratory"}
    by_platform = {one["platform"]: one for one in found}
    assert by_platform["lantern"]["baseline"] == {
        "period": "2026-Q1",
        "first": "2026-01-05",
        "last": "2026-03-29",
        "weeks": 12,
    }
    assert by_platform["lantern"]["change"]["difference"] == float(
        next(row["difference"] for row in rows if row["platform"] == "lantern")
    )


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--compare", "2026-01..2026-02"), "at least 8 whole weeks in each period"),
        (("--compare", "2026-Q2..2026-Q1"), "the earlier one first"),
        (("--compare", "2026-Q2"), "expected two weeks, months or quarters"),
        (("--from", "soon"), "expected a day such as 2026-01-31"),
        (("--where", "harm=x"), "--where: harm: expected one of"),
    ],
)
def test_a_wrong_option_ends_with_a_usage_error(history: Path, arguments: tuple[str, str], problem: str) -> None:
    done = run(history, *arguments)

    assert done.exit_code == 2
    assert problem in " ".join(done.stderr.split())


def test_the_library_selects_as_the_command_does(history: Path) -> None:
    command = json.loads(
        run(history, "--where=harm=grooming", "--jurisdiction=GB", "--from=2026-02-01", "--format=json").stdout
    )

    found = safeclock.measure(
        [history],
        REGISTRY,
        where={"harm": ["grooming"]},
        jurisdiction="GB",
        filed=(date(2026, 2, 1), None),
    )

    assert json.loads(json.dumps(found)) == command
