"""The clocks of the quality pack run from a decision to what undoes it."""

from streams.batch.explain import ExplainedClock, explain
from streams.contract.packs.file import load_rulebook
from streams.contract.registry.registry import Registry
from streams.domain.duration_bins import DAY, HOUR
from tests.support.events.event_lines import EPOCH_OFFSET_MS, action_line, filing_line
from tests.support.paths import QUALITY_PACK

RULEBOOK = load_rulebook([QUALITY_PACK], Registry.accepting_all(), EPOCH_OFFSET_MS)


def explained_clocks(*lines: bytes) -> dict[str, ExplainedClock]:
    (report,) = explain(lines, Registry.accepting_all(), RULEBOOK, EPOCH_OFFSET_MS + 10 * DAY).reports
    return {each.clock.id: each for each in report.clocks}


def test_a_reversed_decision_ends_the_clock_that_the_decision_started() -> None:
    clocks = explained_clocks(
        filing_line("a", 0),
        action_line("a", "restricted", HOUR),
        action_line("a", "reversed", HOUR + 3 * DAY, of="restriction"),
    )

    assert (clocks["decision_reversed"].ending, clocks["decision_reversed"].ran_ms) == ("stopped", 3 * DAY)
    assert clocks["decision_reopened"].ending == "runs"


def test_a_reopened_report_ends_the_other_clock() -> None:
    clocks = explained_clocks(
        filing_line("a", 0), action_line("a", "no_violation", HOUR), action_line("a", "reopened", HOUR + 2 * DAY)
    )

    assert (clocks["decision_reopened"].ending, clocks["decision_reopened"].ran_ms) == ("stopped", 2 * DAY)
    assert clocks["decision_reversed"].ending == "runs"


def test_a_decision_that_holds_misses_no_deadline() -> None:
    clocks = explained_clocks(filing_line("a", 0), action_line("a", "no_violation", HOUR))

    assert {clocks[name].due_at for name in ("decision_reversed", "decision_reopened")} == {None}


def test_without_a_decision_the_clocks_have_not_started() -> None:
    clocks = explained_clocks(filing_line("a", 0))

    assert {clocks[name].ending for name in ("decision_reversed", "decision_reopened")} == {"not started"}
