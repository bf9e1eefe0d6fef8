"""The list by which a declared cell gets its verdict, step by step."""

import pytest

from streams.domain.duration_bins import DAY, HOUR, bin_of
from streams.domain.verdict.decision import DeclaredCell, Verdict, decide
from streams.domain.verdict.guards import Guard, GuardState
from tests.unit.domain.verdict.cells import ACTED, DECIDE_ON, KEPT_LONG, SPEED, cell, decision, reports, rule
from tests.unit.domain.verdict.strategies import BASELINE, CURRENT


@pytest.mark.parametrize(
    ("before", "now", "verdict"),
    [(20, 10, Verdict.FASTER), (10, 20, Verdict.SLOWER), (20, 20, Verdict.NO_CLEAR_CHANGE)],
)
def test_a_clear_change_has_its_word_and_no_change_excludes_one(before: int, now: int, verdict: Verdict) -> None:
    assert decision(cell(before, now)).verdict is verdict


def test_before_the_day_of_decision_there_are_figures_and_no_verdict() -> None:
    found = decision(cell(20, 10), today=DECIDE_ON - 1)

    assert found.verdict is Verdict.SO_FAR
    assert found.contrast is not None


def test_a_platform_that_is_not_complete_is_waited_for_two_weeks_and_is_then_silent() -> None:
    silent = cell(20, 10, through=CURRENT.end + 47 * HOUR)

    assert decision(silent, today=DECIDE_ON + 13).verdict is Verdict.SO_FAR
    assert decision(silent, today=DECIDE_ON + 14).verdict is Verdict.NOT_MEASURABLE


def test_a_platform_that_never_declared_to_be_complete_is_not_measurable() -> None:
    assert decision(cell(20, 10, through=0)).verdict is Verdict.NOT_MEASURABLE


def test_reports_that_were_logged_only_when_they_ended_are_not_measurable() -> None:
    logged_late = reports((20, 10), entry_bin=bin_of(40 * HOUR))

    found = decision(DeclaredCell({SPEED: [*reports((20, 10)), *logged_late[:3]]}, DECIDE_ON * DAY))

    assert found.verdict is Verdict.NOT_MEASURABLE


def test_fewer_than_twelve_weeks_with_reports_are_not_enough() -> None:
    short = DeclaredCell({SPEED: reports((20, 10), weeks=BASELINE.weeks + 11)}, DECIDE_ON * DAY)

    assert decision(short).verdict is Verdict.NOT_ENOUGH_REPORTS


def test_a_guard_without_events_of_its_clock_is_not_known_and_never_kept() -> None:
    found = decision(cell(20, 10), guards={"reversed": Guard("decision_reversed", 28 * DAY, 0.02, 0)})

    assert (found.verdict, found.guards["reversed"].state) == (Verdict.QUALITY_UNKNOWN, GuardState.UNKNOWN)


@pytest.mark.parametrize(("acted", "verdict"), [((20, 21), Verdict.FASTER), ((20, 30 * 24), Verdict.QUALITY_WORSE)])
def test_faster_is_said_only_if_as_much_is_acted_on(acted: tuple[int, int], verdict: Verdict) -> None:
    late = DECIDE_ON * DAY + 40 * DAY
    declared = cell(20, 10, through=late, others={ACTED: reports(acted)})

    assert decision(declared, guards={"acted at all": KEPT_LONG}).verdict is verdict


def test_a_guard_that_is_not_ripe_leaves_the_quality_unknown() -> None:
    declared = cell(20, 10, others={ACTED: reports((20, 21))})

    assert decision(declared, guards={"acted at all": KEPT_LONG}).verdict is Verdict.QUALITY_UNKNOWN


def test_every_declared_cell_counts_in_the_correction() -> None:
    scattered = DeclaredCell(
        {SPEED: [one._replace(reports=20 + 31 * (place * 7 % 5)) for place, one in enumerate(reports((20, 17)))]},
        DECIDE_ON * DAY,
    )
    alone = decide([scattered], rule(), DECIDE_ON)[0]
    strict = rule()._replace(level=alone.contrast.p_value * 1.5 if alone.contrast else 1)

    (first, *_) = decide([scattered, cell(20, 20, through=0)], strict, DECIDE_ON)

    assert decide([scattered], strict, DECIDE_ON)[0].verdict is Verdict.FASTER
    assert first.verdict is not Verdict.FASTER
