"""What is said of a decision holds its word, its numbers and what a reader must know."""

import re
from datetime import timedelta

import pytest

from streams.domain.clocks.endings import STOPPED
from streams.domain.cohorts.profile import ClockValue
from streams.domain.duration_bins import DAY, HOUR, MINUTE, bin_of
from streams.domain.verdict.comparison.filed_weeks import EPOCH, FiledReports
from streams.domain.verdict.decision import DeclaredCell, Reason, Verdict, decide, hold_back
from streams.domain.verdict.guards import Guard
from streams.domain.verdict.sentences import exploratory_sentence, sentence
from streams.domain.verdict.so_far import compare_so_far
from tests.unit.domain.verdict.cells import (
    ACTED,
    DECIDE_ON,
    KEPT_LONG,
    SPEED,
    cell,
    decision,
    reports,
    rule,
)
from tests.unit.domain.verdict.strategies import BASELINE, CURRENT

GUARDS = {"acted": KEPT_LONG}
LATER = DECIDE_ON + 60


def acted(before: int, now: int) -> list[FiledReports]:
    """Return reports of which so many of forty a week were acted on within a day, the others after 200 days."""
    fast, slow = ClockValue(b"", bin_of(HOUR), STOPPED), ClockValue(b"", bin_of(200 * DAY), STOPPED)
    found = []
    for report in reports((1, 1)):
        share = now if report.day >= (CURRENT.first_week * 7 - 3) else before
        found += [report._replace(value=fast, reports=share), report._replace(value=slow, reports=40 - share)]
    return found


def say(declared: DeclaredCell, guards: dict[str, Guard] | None = None, today: int = DECIDE_ON) -> str:
    used = rule(guards)
    (found,) = decide([declared], used, today)
    return sentence("harbor", found, used, 1, compare_so_far(declared, used))


def test_faster_names_both_windows_the_waits_and_the_difference_with_its_interval() -> None:
    contrast = decision(cell(20, 10)).contrast
    assert contrast is not None
    baseline, current, low, high, less = (
        f"{abs(milliseconds) / HOUR:.1f} h"
        for milliseconds in (contrast.baseline, contrast.current, contrast.high, contrast.low, contrast.difference)
    )

    text = say(cell(20, 10))

    assert text.startswith(
        f"harbor decides faster: reports filed from {CURRENT.first_day} to {CURRENT.last_day} waited {current} on average"
    )
    assert f"those filed from {BASELINE.first_day} to {BASELINE.last_day} {baseline}, at the same mix" in text
    assert f": {less} less ({low} to {high})." in text


def test_an_interval_of_less_that_reaches_beyond_zero_says_so() -> None:
    found = decision(cell(20, 10))
    assert found.contrast is not None
    wide = found._replace(contrast=found.contrast._replace(standard_error=found.contrast.standard_error * 200))

    text = sentence("harbor", wide, rule()._replace(horizon=90 * MINUTE), 1)

    assert "counted up to 90 min" in text
    assert re.search(r"9\.9 h less \(-[0-9.]+ h to [0-9.]+ h\)", text)


def test_slower_says_more_and_names_no_guard() -> None:
    text = say(cell(10, 20), GUARDS)

    assert "harbor decides slower" in text
    assert "more (" in text
    assert "guard" not in text


def test_no_clear_change_always_names_the_change_that_is_excluded() -> None:
    assert re.search(r"a change of the mean wait by 3\.\d h or more is excluded", say(cell(20, 20)))


def test_guards_that_are_kept_are_named_with_their_margins() -> None:
    declared = cell(20, 10, through=LATER * DAY, others={ACTED: acted(20, 20)})

    assert "No guard got worse by its margin: acted by 5 points." in say(declared, GUARDS, LATER)


def test_a_guard_that_got_worse_is_named_with_both_shares() -> None:
    declared = cell(20, 10, through=LATER * DAY, others={ACTED: acted(30, 10)})

    assert "Quality got worse: acted from 75.0 % to 25.0 %." in say(declared, GUARDS, LATER)


def test_a_guard_that_is_not_ripe_is_named_as_not_known() -> None:
    assert "is not known yet (acted: not known)" in say(cell(20, 10), GUARDS)


def test_a_failed_check_of_labels_holds_back_faster_and_is_named() -> None:
    held = hold_back(decision(cell(20, 10)), ("labels_downgraded",))

    assert held.verdict is Verdict.QUALITY_UNKNOWN
    assert "labels_downgraded fails" in sentence("harbor", held, rule(), 1)


@pytest.mark.parametrize("hours", [(10, 20), (20, 20)])
def test_a_failed_check_changes_no_other_word(hours: tuple[int, int]) -> None:
    found = decision(cell(*hours))

    assert hold_back(found, ("labels_downgraded",)) == found


@pytest.mark.parametrize(
    ("declared", "today", "reason", "text"),
    [
        (cell(20, 10, through=0), DECIDE_ON, Reason.NEVER_COMPLETE, "has not said up to when"),
        (cell(20, 10, through=CURRENT.end), DECIDE_ON + 14, Reason.SILENT, "has not told what became of the reports"),
        (
            DeclaredCell({SPEED: reports((20, 10), weeks=20)}, DECIDE_ON * DAY),
            DECIDE_ON,
            Reason.FEW_WEEKS,
            "only 7 weeks",
        ),
        (
            DeclaredCell({SPEED: reports((20, 10), entry_bin=bin_of(399 * DAY))}, DECIDE_ON * DAY),
            DECIDE_ON,
            Reason.ON_CLOSING,
            "published only when they were over",
        ),
        (
            DeclaredCell({SPEED: [one._replace(reports=1) for one in reports((20, 10))]}, DECIDE_ON * DAY),
            DECIDE_ON,
            Reason.NOTHING_IN_COMMON,
            "no harm and channel",
        ),
    ],
)
def test_a_cell_that_cannot_be_judged_says_why(declared: DeclaredCell, today: int, reason: Reason, text: str) -> None:
    (found,) = decide([declared], rule(), today)

    assert found.reason is reason
    assert text in sentence("harbor", found, rule(), 1)


def test_a_change_that_many_comparisons_explain_says_among_how_many() -> None:
    used, shaky = rule(), DeclaredCell({SPEED: _shaky_reports()}, DECIDE_ON * DAY)
    (alone,) = decide([shaky], used, DECIDE_ON)
    found = decide([shaky, *[cell(0, 0, through=0)] * 60], used, DECIDE_ON)[0]

    assert alone.verdict is Verdict.FASTER
    assert found.reason is Reason.CHANCE
    assert "among 61 comparisons that may be chance" in sentence("harbor", found, used, 61)


def _shaky_reports() -> list[FiledReports]:
    """Return reports whose waits drift within each window, so that the change is just significant."""
    found = []
    for place, report in enumerate(reports((20, 14))):
        wait = (24, 20, 16)[place % 13 // 5] - (6 if place >= 13 else 0)
        found.append(report._replace(value=report.value._replace(value=bin_of(wait * HOUR))))
    return found


def test_a_small_significant_change_is_said_to_be_small() -> None:
    used = rule()._replace(least=0.07)
    declared = cell(20, 19)
    (found,) = decide([declared], used, DECIDE_ON)

    assert (found.verdict, found.reason) == (Verdict.NO_CLEAR_CHANGE, Reason.SMALL)
    assert "by less than the declaration calls a change" in sentence("harbor", found, used, 1)


def test_so_far_gives_a_figure_with_a_wide_interval_and_the_day_of_decision() -> None:
    text = say(cell(20, 10), today=DECIDE_ON - 1)

    assert text.startswith("So far, not a verdict: 10.")
    assert text.endswith(f"To be decided on {EPOCH + timedelta(days=DECIDE_ON)}.")


def test_exploratory_figures_come_without_a_word() -> None:
    text = exploratory_sentence("harbor", decision(cell(20, 10)), rule())

    assert text.startswith("Exploratory: harbor, reports filed from ")
    assert not re.search(r"faster|slower|no clear change", text)
    assert "difference -9.9 h (-10.1 h to -9.8 h)." in text
