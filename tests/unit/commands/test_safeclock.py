import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from safeclock import main
from streams.domain.duration_bins import HOUR
from tests.support.events.event_lines import action_line, filing_line
from tests.support.paths import CHILDREN_PACK


@pytest.fixture(name="events")
def _events(tmp_path: Path) -> Path:
    path = tmp_path / "events.jsonl"
    path.write_bytes(filing_line("a", 0) + filing_line("b", 0) + action_line("a", "restricted", HOUR))
    return path


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_every_command_says_what_it_is_for() -> None:
    listed = _run("--help")

    assert listed.exit_code == 0
    context = click.Context(main)
    commands = {name: main.get_command(context, name) for name in main.list_commands(context)}
    assert {"admin", "board", "check", "clocks", "measure", "publish", "replay", "worker"} < commands.keys()
    for name, command in commands.items():
        assert command is not None
        assert command.help, name
        assert (name in listed.output) is not command.hidden


def test_help_starts_no_machinery() -> None:
    asked = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "safeclock", "--help"], capture_output=True, text=True, check=True
    )

    heavy = [
        name for name in ("faust", "aiokafka", "msgspec", "rich", "prometheus_client") if f" {name}\n" in asked.stderr
    ]
    assert heavy == []


@pytest.mark.parametrize("command", [("measure",), ("check",), ("clocks", "explain"), ("publish", "--dry-run")])
def test_every_reader_tells_a_table_for_what_it_is(command: tuple[str, ...], tmp_path: Path) -> None:
    export = tmp_path / "export.csv"
    export.write_text("id,received,harm\n1,2026-01-05,csam\n", encoding="utf-8")

    shown = _run(*command, export)

    assert f"{export} looks like a table, such as CSV" in shown.output + shown.stderr


def test_measure_prints_a_table_with_the_caveat(events: Path) -> None:
    shown = _run("measure", events)

    assert shown.exit_code == 0
    assert "meadow" in shown.output
    assert "cannot be seen" in " ".join(shown.output.split())


def test_measure_gives_no_median_of_who_publishes_on_closing(events: Path) -> None:
    events.write_bytes(filing_line("a", 0, recorded_at=HOUR) + action_line("a", "restricted", HOUR, recorded_at=HOUR))

    shown = CliRunner(env={"COLUMNS": "200"}).invoke(main, ["measure", str(events)])

    (row,) = [line for line in shown.output.splitlines() if "│ meadow" in line]
    assert "not reached" not in row
    assert "not measurable" in row


def test_measure_says_that_nothing_was_accepted_and_who_knows_why(events: Path) -> None:
    events.write_bytes(b"{}\n")

    words = " ".join(_run("measure", events).output.split())

    assert "1970" not in words
    assert words == (
        "No report was accepted: there is nothing to measure. refused: 1 not_cloudevent (safeclock check shows which "
        "lines); duplicates: 0; orphans: 0"
    )


def test_measure_says_where_the_clocks_of_packs_are(events: Path) -> None:
    words = " ".join(_run("measure", events, "--pack", CHILDREN_PACK).output.split())

    assert "15 more clocks of packs in --format json and csv" in words


def test_measure_prints_json(events: Path) -> None:
    document = json.loads(_run("measure", events, "--format", "json").output)

    assert document["schema"] == "safeclock.measure/1"
    assert document["groups"][0]["filed"] == 2


def test_measure_prints_comma_separated_values(events: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(_run("measure", events, "--format", "csv", "--by", "platform,harm").output)))

    assert [row["clock"] for row in rows] == ["time_to_acknowledge", "time_to_decision", "time_to_action"]
    assert {row["harm"] for row in rows} == {"grooming"}


def test_an_unknown_label_is_a_usage_error_that_names_the_labels(events: Path) -> None:
    refused = _run("measure", events, "--by", "colour")

    assert refused.exit_code == 2
    assert "expected labels from platform" in refused.output


def test_an_instant_without_an_offset_is_a_usage_error(events: Path) -> None:
    refused = _run("measure", events, "--as-of", "2026-01-05T00:00:00")

    assert refused.exit_code == 2
    assert "with an offset" in refused.output


def test_figures_as_of_an_instant_that_has_not_come_are_a_usage_error(events: Path) -> None:
    refused = _run("measure", events, "--as-of", "2026-02-01T00:00:00Z", "--now", "2026-01-31T23:59:59Z")
    given = _run("measure", events, "--as-of", "2026-01-31T23:59:59Z", "--now", "2026-01-31T23:59:59Z")

    assert (refused.exit_code, given.exit_code) == (2, 0)
    assert "--as-of: expected an instant up to now" in refused.output


def test_a_registry_with_mistakes_is_a_usage_error_that_names_them(events: Path, tmp_path: Path) -> None:
    registry = tmp_path / "registry.toml"
    registry.write_text("[[platform]]\nid = 7\n", encoding="utf-8")

    refused = _run("measure", events, "--registry", registry)

    assert refused.exit_code == 2
    assert "registry.toml" in refused.output


def test_check_ends_with_one_when_a_line_is_refused(events: Path) -> None:
    events.write_bytes(events.read_bytes() + b"{}\n")

    assert _run("check", events).exit_code == 1
    document = json.loads(_run("check", events, "--format", "json").output)
    assert document["schema"] == "safeclock.check/1"
    assert document["refused"][0]["first"].endswith("events.jsonl:4")


def test_check_ends_with_zero_when_all_is_understood(events: Path) -> None:
    assert _run("check", events).exit_code == 0


def test_a_broker_that_does_not_answer_is_no_usage_error_of_publish(events: Path) -> None:
    unsent = _run("publish", events, "--history", "--bootstrap", "127.0.0.1:1")

    assert unsent.exit_code == 1
    assert "Error: bootstrap: expected a broker at 127.0.0.1:1, none answered" in unsent.stderr
    assert "Usage" not in unsent.stderr


def test_a_worker_with_wrong_settings_names_every_one() -> None:
    refused = CliRunner(env={"SAFECLOCK_JOURNAL": "paper", "SAFECLOCK_COMMIT_INTERVAL_MS": "soon"}).invoke(
        main, ["worker"]
    )

    assert refused.exit_code == 2
    assert "SAFECLOCK_JOURNAL" in refused.output
    assert "SAFECLOCK_COMMIT_INTERVAL_MS" in refused.output


@pytest.mark.parametrize(
    "wrong",
    [("--live", "0"), ("--live", "-1"), ("--live", "nan"), ("--live", "inf"), ("--truth", "absent/key.json")],
)
def test_a_simulation_that_cannot_be_is_a_usage_error(wrong: tuple[str, str]) -> None:
    refused = _run("simulate", "--weeks", 1, "--reports", 10, *wrong)

    assert refused.exit_code == 2
    assert wrong[0] in refused.stderr
    assert refused.stdout == ""


def test_a_simulation_is_a_function_of_its_seed() -> None:
    span = ("--weeks", 1, "--reports", 200)

    once, again, other = (_run("simulate", "--seed", seed, *span).stdout_bytes for seed in (1, 1, 2))

    assert once == again != other
    assert once.count(b"\n") > 200


def test_a_simulated_file_tells_every_heartbeat_once() -> None:
    lines = _run("simulate", "--weeks", 1, "--reports", 200).stdout.splitlines()

    beats = [(event["source"], event["time"]) for event in map(json.loads, lines) if "heartbeat" in event["type"]]
    assert beats
    assert len(beats) == len(set(beats))
