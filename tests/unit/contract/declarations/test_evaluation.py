"""A declaration gets a word only if it was seen before its current window began."""

from collections import Counter
from collections.abc import Callable

import pytest

from streams.contract.declarations.evaluation import DeclarationEvaluator, DeclarationVerdicts, FirstSeen, Standing
from streams.contract.outputs.verdict_report import SEASON_REMARK, csv_rows, verdict_report
from streams.contract.packs.rulebook import STANDARD_RULES
from streams.domain.clocks.definition import group_by_id
from streams.domain.clocks.endings import STOPPED
from streams.domain.clocks.standard import STANDARD_CLOCKS
from streams.domain.clocks.state_machine import State
from streams.domain.cohorts.cohort import cohort_name
from streams.domain.cohorts.profile import FROM_START, ClockValue, ReportProfile
from streams.domain.duration_bins import DAY, HOUR, bin_of
from streams.domain.integrity.classifier import ReportClassifier
from streams.domain.labels import DOWNGRADED, Labels, encode_labels
from streams.domain.verdict.decision import Verdict
from streams.domain.vocabulary import Basis, Channel, Harm, Reporter, Severity
from tests.support.declarations import build_declaration
from tests.support.ledger.profiles import pack

DECLARATION = build_declaration()
CLOCKS = group_by_id(STANDARD_RULES.clocks)
DECIDE = (DECLARATION.current.end + 90 * DAY) // DAY
BEFORE = FirstSeen(DECLARATION.current.start - 1)
LABELS = encode_labels(
    Labels(Harm.GROOMING, Reporter.USER, False, Channel.IN_APP, Basis.TERMS, Severity.HIGH, "EU")  # noqa: FBT003
)
PER_WEEK = 40


def evaluator(hours: tuple[int, int], downgraded: int = 0, platform: str = "harbor") -> DeclarationEvaluator:
    """Return an evaluator with forty reports a week, which wait `hours` in the baseline and in the current window."""
    found = DeclarationEvaluator(DECLARATION, CLOCKS, lambda _: ReportClassifier(STANDARD_CLOCKS))
    for place, window in enumerate((DECLARATION.baseline, DECLARATION.current)):
        for week in range(window.weeks):
            wait = bin_of((hours[place] + week % 2) * HOUR)
            values = tuple(
                ClockValue(CLOCKS[name][0].hash, wait, STOPPED) for name in ("time_to_decision", "time_to_action")
            )
            profile = ReportProfile(State.RESTRICTED, FROM_START, None, values)
            cohort = Counter({pack(profile): PER_WEEK})
            if place and downgraded:
                cohort[DOWNGRADED] = downgraded
            day = window.start // DAY + 7 * week
            found.add_cohort(cohort_name(platform, day, LABELS), cohort)
    return found


def judge(
    found: DeclarationEvaluator, first_seen: FirstSeen | None, complete_through: Callable[[str], int]
) -> DeclarationVerdicts:
    return found.judge(found.collect(complete_through), first_seen, DECIDE)


def evaluate(
    first_seen: FirstSeen | None = BEFORE, hours: tuple[int, int] = (20, 10), downgraded: int = 0
) -> DeclarationVerdicts:
    return judge(evaluator(hours, downgraded), first_seen, lambda platform: DECIDE * DAY * (platform == "harbor"))


def test_a_declaration_seen_in_time_gets_its_words() -> None:
    found = evaluate()

    assert found.standing is Standing.DECLARED
    assert [cell.verdict for cell in found.cells] == [Verdict.QUALITY_UNKNOWN, Verdict.NOT_MEASURABLE]
    assert {name: guard.state for name, guard in found.cells[0].decision.guards.items()} == {
        "acted": "kept",
        "reversed": "not known",
    }


@pytest.mark.parametrize("first_seen", [None, FirstSeen(DECLARATION.current.start)])
def test_a_declaration_seen_too_late_has_the_same_figures_and_no_word(first_seen: FirstSeen | None) -> None:
    late, in_time = evaluate(first_seen), evaluate()

    assert late.standing is Standing.EXPLORATORY
    assert [cell.verdict for cell in late.cells] == [None, None]
    assert [cell.decision.contrast for cell in late.cells] == [cell.decision.contrast for cell in in_time.cells]
    assert all(cell.sentence.startswith("Exploratory: ") for cell in late.cells)


def test_an_instant_that_a_record_states_makes_every_word_a_demo() -> None:
    found = evaluate(FirstSeen(BEFORE.at, is_demo=True))

    assert found.standing is Standing.DEMO
    assert "demo" in str(verdict_report(found)["remarks"])


def test_labels_that_were_downgraded_in_the_current_window_hold_faster_back() -> None:
    without_guards = DECLARATION._replace(guards={})
    found = evaluator((20, 10), downgraded=20)
    found._rule = without_guards.rule(CLOCKS)
    cell = judge(found, BEFORE, lambda _: DECIDE * DAY).cells[0]

    assert cell.verdict is Verdict.QUALITY_UNKNOWN
    assert cell.decision.failed_checks == ("labels_downgraded",)
    assert "labels_downgraded" in cell.sentence


def test_what_is_counted_and_taken_back_leaves_nothing() -> None:
    found, same = evaluator((20, 10)), evaluator((20, 10))
    for name, day in (("harbor", DECLARATION.current.start // DAY), ("harbor", 0), ("lantern", 0)):
        for by in (5, -5):
            found.add_cohort(cohort_name(name, day, LABELS), _one_report(by))

    assert judge(found, BEFORE, lambda _: DECIDE * DAY) == judge(same, BEFORE, lambda _: DECIDE * DAY)


def _one_report(by: int) -> dict[bytes, int]:
    values = (ClockValue(CLOCKS["time_to_decision"][0].hash, bin_of(HOUR), STOPPED),)
    return {pack(ReportProfile(State.RESTRICTED, FROM_START, None, values)): by}


def test_json_and_csv_say_the_same_numbers() -> None:
    found = evaluate(hours=(20, 20))

    report, (header, *rows) = verdict_report(found), list(csv_rows([found]))

    for cell, row in zip(report["cells"], rows, strict=True):  # type: ignore[call-overload]
        fields = dict(zip(header, row, strict=True))
        assert fields["verdict"] == cell["verdict"]
        assert fields["sentence"] == cell["sentence"]
        assert [fields[name] for name in ("baseline", "difference", "low", "detectable")] == [
            (cell["change"] or {}).get(name, "") for name in ("baseline", "difference", "low", "detectable")
        ]
    assert SEASON_REMARK not in report["remarks"]  # type: ignore[operator]
