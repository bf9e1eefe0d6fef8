"""`safeclock clocks`: what the clocks are, whether a pack is right, which of them run on a report and why."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from safeclock import main
from streams.batch.explain import ExplainedClock, explain
from streams.contract.packs.file import load_rulebook
from streams.contract.registry.registry import Registry
from streams.domain.duration_bins import DAY, HOUR, MINUTE
from streams.domain.reports.entry_limit import MAX_ENTRIES
from tests.support.events.event_lines import EPOCH_OFFSET_MS, action_line, filing_line
from tests.support.paths import CHILDREN_PACK

RULEBOOK = load_rulebook([CHILDREN_PACK], Registry.accepting_all(), EPOCH_OFFSET_MS)
PACK_VALID_FROM = 150 * DAY
NOTICE_LABELS = {"harm": "intimate_images", "basis": "statutory_notice", "jurisdictions": ["US"]}


def explain_at(*lines: bytes, as_of: int = PACK_VALID_FROM + DAY) -> dict[str, ExplainedClock]:
    """Return the clocks by their ids on the one report in these lines."""
    (report,) = explain(lines, Registry.accepting_all(), RULEBOOK, EPOCH_OFFSET_MS + as_of).reports
    return {each.clock.id: each for each in report.clocks}


def run_command(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["clocks", *[str(argument) for argument in arguments]])


def test_a_report_is_under_every_clock_whose_scope_holds_it_at_once() -> None:
    clocks = explain_at(filing_line("a", PACK_VALID_FROM, labels={**NOTICE_LABELS, "jurisdictions": ["US", "GB"]}))

    running = {name for name, clock in clocks.items() if not clock.reasons_not_running}
    assert running == {
        "time_to_acknowledge",
        "time_to_decision",
        "time_to_action",
        "us_take_it_down",
        "us_take_it_down_received",
        "uk_intimate_images",
    }


def test_a_clock_that_does_not_run_says_for_which_labels() -> None:
    clock = explain_at(filing_line("a", PACK_VALID_FROM))["au_cyberbullying"]

    assert clock.reasons_not_running == (
        "harm is grooming, not bullying",
        "basis is terms, not regulator_notice",
        "jurisdictions are EU, not AU",
    )


def test_a_clock_that_was_not_in_force_yet_says_so() -> None:
    clock = explain_at(filing_line("a", DAY, labels=NOTICE_LABELS))["us_take_it_down_received"]

    assert clock.reasons_not_running == ("it was not in force when the report was filed",)


def test_a_clock_that_actions_start_runs_from_there() -> None:
    lines = (
        filing_line("a", PACK_VALID_FROM, labels=NOTICE_LABELS),
        action_line("a", "validated", PACK_VALID_FROM + 5 * HOUR),
    )

    before, after = explain_at(lines[0])["us_take_it_down"], explain_at(*lines)["us_take_it_down"]

    assert (before.ending, before.due_at) == ("not started", None)
    assert (after.ending, after.due_at) == ("runs", EPOCH_OFFSET_MS + PACK_VALID_FROM + 53 * HOUR)


def test_a_stopped_clock_says_after_how_long_and_with_what_verdict() -> None:
    clocks = explain_at(
        filing_line("a", PACK_VALID_FROM, labels=NOTICE_LABELS),
        action_line("a", "restricted", PACK_VALID_FROM + 26 * HOUR),
        as_of=PACK_VALID_FROM + 3 * DAY,
    )

    action, received = clocks["time_to_action"], clocks["us_take_it_down_received"]
    assert (action.ending, action.ran_ms, action.deadline_outcome) == ("stopped", 26 * HOUR, "missed")
    assert (received.ending, received.ran_ms, received.deadline_outcome) == ("stopped", 26 * HOUR, "met")


def test_an_action_without_its_filing_is_under_no_clock() -> None:
    (report,) = explain([action_line("a", "restricted", HOUR)], Registry.accepting_all(), RULEBOOK).reports

    assert (report.state, report.filing, report.clocks) == (None, None, ())


def test_an_event_that_the_ledger_finds_too_many_is_refused_and_changes_nothing() -> None:
    lines = [filing_line("a", 0), *(action_line("a", "resumed", HOUR + n) for n in range(MAX_ENTRIES - 1))]

    explained = explain(
        [*lines, action_line("a", "resumed", 2 * HOUR)], Registry.accepting_all(), RULEBOOK, EPOCH_OFFSET_MS + DAY
    )

    assert explained == explain(lines, Registry.accepting_all(), RULEBOOK, EPOCH_OFFSET_MS + DAY)._replace(refused=1)


@pytest.fixture(name="events")
def _events(tmp_path: Path) -> Path:
    path = tmp_path / "events.jsonl"
    lines = (
        filing_line("a", PACK_VALID_FROM, labels=NOTICE_LABELS)
        + action_line("a", "validated", PACK_VALID_FROM + MINUTE)
        + action_line("b", "restricted", HOUR)
    )
    path.write_bytes(lines + b"{}\n")
    return path


def test_the_command_explains_every_report_in_words(events: Path) -> None:
    shown = run_command("explain", events, "--pack", CHILDREN_PACK)

    assert shown.exit_code == 0
    words = " ".join(shown.output.split())
    assert "time_to_acknowledge@1 stopped after 1.0 min, met" in words
    assert "us_take_it_down@1 runs, due 2026-06-06T00:01:00.000Z" in words
    assert "its filing is missing, retracted or a test, so no clock runs" in words
    assert "2 reports as of 2026-06-04T00:01:00.000Z; 1 line refused" in words


def test_the_command_explains_every_report_as_json(events: Path) -> None:
    document = json.loads(run_command("explain", events, "--pack", CHILDREN_PACK, "--format", "json").output)

    assert (document["schema"], document["refused"], len(document["reports"])) == ("safeclock.explain/1", 1, 2)
    clocks = document["reports"][0]["clocks"]
    assert clocks["us_take_it_down@1"] == {
        "runs": True,
        "ending": "runs",
        "ran_seconds": None,
        "due": "2026-06-06T00:01:00.000Z",
        "deadline_outcome": None,
    }
    assert clocks["uk_review_mean@1"]["runs"] is False


def test_the_list_tells_what_every_clock_asks_for_and_that_nobody_has_reviewed_it() -> None:
    shown = " ".join(run_command("list", "--pack", CHILDREN_PACK).output.split())

    for asked in (
        "each within 48 h",
        "a mean of at most 24 h, by quarter",
        "85% within 48 h, by quarter",
        "the 50% quantile at most 1 h, over 90 days",
        "each within 7 days",
        "nothing: it only measures",
    ):
        assert asked in shown
    assert "18 of them not reviewed by a lawyer" in shown


def test_the_list_tells_from_what_to_what_a_clock_runs_and_when(tmp_path: Path) -> None:
    pack = tmp_path / "pack.toml"
    written = CHILDREN_PACK.read_text(encoding="utf-8").replace(
        "in_force_from = 2026-05-19\n", "in_force_from = 2026-05-19\nin_force_until = 2027-01-01\n"
    )
    pack.write_text(written, encoding="utf-8")

    shown = " ".join(run_command("list", "--pack", pack).output.split())

    assert (
        "from validated to final_restriction; competing: no_violation, already_restricted, unavailable, out_of_scope, "
        "invalidated, withdrawn, expired; runs on when reopened"
    ) in shown
    assert "from the filing to final_restriction, no_violation, already_restricted or unavailable;" in shown
    assert "for reports filed from 2026-05-19 to 2026-12-31" in shown
    assert "https://www.congress.gov/bill/119th-congress/senate-bill/146" in shown


def test_the_list_tells_what_pauses_a_clock_and_of_how_many_items(tmp_path: Path) -> None:
    pack = tmp_path / "pack.toml"
    written = CHILDREN_PACK.read_text(encoding="utf-8").replace(
        'after_reopen = "restart"', 'pauses = ["paused"]\nresumes = ["resumed"]\nitems = "first"', 1
    )
    pack.write_text(written, encoding="utf-8")

    shown = " ".join(run_command("list", "--pack", pack).output.split())

    assert "paused from paused to resumed; one item is enough" in shown


def test_a_wrong_pack_lists_and_explains_nothing_and_ends_with_2(events: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("clocks = 1\n", encoding="utf-8")

    listed, explained = run_command("list", "--pack", wrong), run_command("explain", events, "--pack", wrong)

    assert (listed.exit_code, explained.exit_code) == (2, 2)
    assert (listed.stdout, explained.stdout) == ("", "")
    assert f"{wrong}:1: clocks: expected at least one" in listed.stderr


def test_the_list_rounds_no_share_and_keeps_what_is_in_brackets(tmp_path: Path) -> None:
    pack = tmp_path / "pack.toml"
    written = CHILDREN_PACK.read_text(encoding="utf-8").replace("objective = 0.85", "objective = 0.995")
    pack.write_text(written.replace('"US: removal within', '"US [sic]: removal [/] within'), encoding="utf-8")

    shown = " ".join(run_command("list", "--pack", pack).output.split())

    assert "99.5% within 48 h, by quarter" in shown
    assert "US [sic]: removal [/] within 48 h" in shown


def test_a_right_pack_is_checked_with_0() -> None:
    assert run_command("check", CHILDREN_PACK).exit_code == 0


def test_a_wrong_pack_is_checked_with_1_and_every_mistake(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(CHILDREN_PACK.read_text(encoding="utf-8").replace('"48h"', '"49x"'), encoding="utf-8")

    checked = run_command("check", wrong)

    assert checked.exit_code == 1
    assert checked.stderr.count("limit: expected a duration in whole minutes up to 2 h") == 4
    assert len(checked.stderr.splitlines()) == 4
    assert f"{wrong}:18: clock 'us_take_it_down': limit" in checked.stderr
