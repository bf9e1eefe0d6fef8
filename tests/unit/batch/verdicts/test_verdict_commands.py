"""The commands of declared verdicts, as an analyst calls them, on a simulated history."""

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from producers.simulation.model.config import SimulationConfig
from producers.simulation.published_events import encode_line
from producers.simulation.traffic import simulate_history
from safeclock import main
from streams.domain.duration_bins import DAY
from tests.support.declarations import declaration_text

WEEKS = 31
START_MS = 1_767_571_200_000  # 2026-01-05, a Monday
NOW = "2026-12-01T00:00:00Z"
PLATFORMS = ("harbor", "lantern", "cobalt", "juniper", "saffron", "meadow", "quartz", "pebble")


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("history") / "history.jsonl"
    config = SimulationConfig(seed=7, start_ms=START_MS, weeks=WEEKS, reports=2_000, heartbeat_ms=DAY)
    file.write_bytes(b"".join(encode_line(event) + b"\n" for event in simulate_history(config)))
    return file


@pytest.fixture
def declaration(tmp_path: Path) -> Path:
    file = tmp_path / "h1.toml"
    text = declaration_text(declared="2026-04-01", platforms=json.dumps(PLATFORMS), weeks="14", decide="2026-08-06")
    current = text.index("[current]")
    file.write_text(
        text[:current] + text[current:].replace("2027-01-04", "2026-04-13").replace("weeks = 26", "weeks = 16"),
        encoding="utf-8",
    )
    return file


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)), env={"COLUMNS": "80"})


def measure(history: Path, declaration: Path, *more: str) -> Result:
    return run("measure", history, "--declared", declaration, "--now", NOW, *more)


def reports(history: Path, declaration: Path, *more: str) -> dict[str, Any]:
    """Return the declaration's part of the JSON document."""
    done = measure(history, declaration, "--format", "json", *more)
    (found,) = json.loads(done.stdout)["verdicts"]
    return dict(found)


def test_the_verdicts_are_the_same_in_table_json_and_csv(history: Path, declaration: Path) -> None:
    seen = ("--first-seen", "2026-04-02T00:00:00Z")

    cells = reports(history, declaration, *seen)["cells"]
    rows = list(csv.DictReader(StringIO(measure(history, declaration, "--format", "csv", *seen).stdout)))
    table = measure(history, declaration, *seen).stdout

    assert [cell["platform"] for cell in cells] == list(PLATFORMS)
    assert [(cell["verdict"], cell["sentence"]) for cell in cells] == [
        (row["verdict"], row["sentence"]) for row in rows
    ]
    assert all(f"{cell['platform']}: {cell['verdict']}\n" in table for cell in cells)
    assert all(cell["sentence"] in table for cell in cells)


def test_a_platform_that_publishes_on_closing_and_a_silent_one_cannot_be_faster(
    history: Path, declaration: Path
) -> None:
    cells = {
        cell["platform"]: cell
        for cell in reports(history, declaration, "--first-seen", "2026-04-02T00:00:00Z")["cells"]
    }

    assert (cells["juniper"]["verdict"], cells["juniper"]["reason"]) == ("not measurable", "published on closing")
    assert (cells["saffron"]["verdict"], cells["saffron"]["reason"]) == ("not measurable", "silent")


@pytest.mark.parametrize("seen", [(), ("--first-seen", "2026-04-13T00:00:00Z")])
def test_without_an_instant_or_too_late_there_is_no_word(
    history: Path, declaration: Path, seen: tuple[str, ...]
) -> None:
    found = reports(history, declaration, *seen)

    assert found["standing"] == "exploratory"
    assert {cell["verdict"] for cell in found["cells"]} == {None}
    assert all(cell["sentence"].startswith("Exploratory: ") for cell in found["cells"])


def test_check_says_what_could_be_found_in_each_cell(history: Path, declaration: Path) -> None:
    done = run("verdicts", "check", declaration, "--events", history, "--now", NOW)

    assert done.exit_code == 0
    rows = [line for line in done.stdout.splitlines() if line.startswith("│ ")]
    assert [row.split()[1] for row in rows] == list(PLATFORMS)
    assert all("%)" in row or "published on closing" in row for row in rows)


def test_check_ends_with_1_and_tells_every_mistake(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(declaration_text(id='"H 1"', weeks="2"), encoding="utf-8")

    done = run("verdicts", "check", wrong)

    assert done.exit_code == 1
    assert [line.split(": ")[1] for line in done.stderr.splitlines()] == ["baseline", "id"]


@pytest.mark.parametrize("command", ["list", "explain"])
def test_list_and_explain_name_the_declaration_its_hash_and_its_day(command: str, declaration: Path) -> None:
    done = run("verdicts", command, declaration)

    assert done.exit_code == 0
    assert "2027-h1#" in done.stdout
    assert "2026-08-06" in done.stdout


def test_advice_is_given_on_seasons_and_on_many_cells(declaration: Path, tmp_path: Path) -> None:
    many = tmp_path / "many.toml"
    platforms = json.dumps([f"platform-{number}" for number in range(11)])
    many.write_text(declaration_text(id='"many"', platforms=platforms), encoding="utf-8")

    advice = run("verdicts", "check", declaration, many).stdout

    assert "a season is not excluded" in advice
    assert "11 cells: the more cells" in advice
