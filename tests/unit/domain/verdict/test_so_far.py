"""Before the day of decision only weeks count that are old enough, and the interval is wide."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.duration_bins import DAY, HOUR
from streams.domain.verdict.comparison.contrast import compare
from streams.domain.verdict.comparison.estimand import Estimand, Kind
from streams.domain.verdict.comparison.filed_weeks import FiledReports, reports_by_window
from streams.domain.verdict.decision import DeclaredCell, window_size
from streams.domain.verdict.planning import estimate_outlook, latest_window
from streams.domain.verdict.so_far import compare_so_far
from tests.unit.domain.verdict.cells import SPEED, cell, reports, rule
from tests.unit.domain.verdict.strategies import BASELINE, CURRENT, reports_of_windows

WEEK = 7 * DAY


def complete_after(weeks: int) -> int:
    """Return the instant at which so many current weeks are old enough."""
    return CURRENT.start + weeks * WEEK + rule().horizon


@pytest.mark.parametrize("weeks", [0, 7, 8, 12, 13])
def test_a_week_counts_when_its_reports_are_as_old_as_the_horizon(weeks: int) -> None:
    found = compare_so_far(cell(20, 10, through=complete_after(weeks)), rule())
    just_before = compare_so_far(cell(20, 10, through=complete_after(weeks) - 1), rule())

    assert (found.window.weeks if found else None) == (weeks if weeks >= 8 else None)
    assert (just_before.window.weeks if just_before else None) == (weeks - 1 if weeks > 8 else None)


@given(reports_of_windows())
def test_the_interval_is_wider_than_that_of_one_look(found: list[FiledReports]) -> None:
    so_far = compare_so_far(DeclaredCell({SPEED: found}, complete_after(13)), rule())

    assert so_far is not None
    assert so_far.low <= so_far.contrast.low <= so_far.contrast.high <= so_far.high


@given(reports_of_windows())
def test_with_all_weeks_the_figure_is_that_of_the_verdict(found: list[FiledReports]) -> None:
    through = complete_after(13)
    so_far = compare_so_far(DeclaredCell({SPEED: found}, through), rule())
    strata = reports_by_window(found, rule().windows, through)

    assert so_far is not None
    assert so_far.contrast == compare(strata, rule().windows, Estimand(Kind.MEAN_WAIT, 48 * HOUR))


@given(reports_of_windows())
def test_what_two_equal_windows_could_find_is_the_spread_of_one_of_them_twice(found: list[FiledReports]) -> None:
    through, windows = complete_after(13), (BASELINE, BASELINE)
    outlook = estimate_outlook(DeclaredCell({SPEED: found}, through), rule(), BASELINE)
    strata = reports_by_window(found, windows, through)
    contrast = compare(strata, windows, Estimand(Kind.MEAN_WAIT, 48 * HOUR))

    if outlook is None:
        assert window_size(strata[0]).is_published_on_closing
    else:
        assert contrast is not None
        assert outlook.detectable == pytest.approx(contrast.detectable)
        assert outlook.mean_wait == contrast.baseline


def test_a_longer_current_window_finds_less() -> None:
    declared = cell(20, 20, through=complete_after(13))
    short, long = (rule()._replace(current=CURRENT._replace(weeks=weeks)) for weeks in (13, 26))
    found_short, found_long = (estimate_outlook(declared, one, BASELINE) for one in (short, long))

    assert found_short is not None
    assert found_long is not None
    assert 0 < found_long.detectable < found_short.detectable


def test_a_window_of_few_weeks_promises_nothing() -> None:
    few = DeclaredCell({SPEED: reports((20, 20), weeks=11)}, complete_after(13))

    assert estimate_outlook(few, rule(), BASELINE) is None


@given(st.integers(0, 400))
def test_the_window_at_hand_is_over_and_as_near_to_the_baseline_as_it_can_be(days: int) -> None:
    through = BASELINE.start + days * DAY
    window = latest_window(rule(), through)

    assert window.weeks == BASELINE.weeks
    assert window.end <= max(through - rule().horizon, 0)
    assert window == BASELINE or window.end + WEEK > through - rule().horizon
