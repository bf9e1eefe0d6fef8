"""Cohorts small enough to check by hand."""

from math import isclose

import pytest

from streams.domain.duration_bins import DAY, EDGES, HOUR, MINUTE, OVERFLOW_BIN, bin_of
from streams.domain.survival import (
    FROM_START,
    OPEN,
    STOPPED,
    UNKNOWN,
    Cells,
    Interval,
    Method,
    estimate,
    is_reached,
    median,
    quantile,
)

OTHER = 2


def cell(duration: int, ending: int, *, logged_after: int | None = None) -> tuple[int, int, int]:
    """A cell of reports that lasted `duration` and were told at once, or after `told_after`."""
    return (FROM_START if logged_after is None else bin_of(logged_after), bin_of(duration), ending)


def share(cells: Cells, limit: int) -> float | None:
    interval = estimate(cells).within(limit)
    return interval and interval.value


def test_open_reports_count_in_the_median() -> None:
    cells = {cell(1 * HOUR, STOPPED): 40, cell(30 * DAY, OPEN): 60}

    curve = estimate(cells)

    assert median(curve).value is None
    assert share(cells, 1 * DAY) == pytest.approx(0.4)


def test_a_median_that_is_not_reached_may_still_have_a_lower_limit() -> None:
    cells = {cell(1 * HOUR, STOPPED): 48, cell(30 * DAY, OPEN): 52}

    found = median(estimate(cells))

    assert found == Interval(None, 3600.0, None)


def test_a_quantile_beyond_an_early_exhaustion_is_not_known_and_never_not_reached() -> None:
    in_time, late = cell(1 * HOUR, STOPPED), cell(30 * HOUR, STOPPED, logged_after=5 * HOUR)

    exhausted, still_seen = estimate({in_time: 1, late: 30}), estimate({in_time: 1, late: 30, cell(2 * DAY, OPEN): 31})

    assert exhausted.ends_early
    assert (median(exhausted).value, is_reached(exhausted, 0.5)) == (None, None)
    assert (quantile(still_seen, 0.9).value, is_reached(still_seen, 0.9)) == (None, False)
    assert is_reached(still_seen, 0.3) is True


def test_nothing_is_known_of_nobody() -> None:
    assert is_reached(estimate({}), 0.5) is None


def test_a_share_that_is_reached_by_a_hair_of_rounding_is_reached() -> None:
    cells = {cell(i * MINUTE, STOPPED): 1 for i in range(1, 11)}

    curve = estimate(cells)

    assert [quantile(curve, p).value for p in (0.1, 0.3, 0.5, 0.7, 0.9)] == [60.0, 180.0, 300.0, 420.0, 540.0]


def test_a_share_beyond_the_oldest_open_report_is_not_known_yet() -> None:
    cells = {cell(1 * HOUR, STOPPED): 40, cell(5 * HOUR, OPEN): 60}

    curve = estimate(cells)

    assert curve.within(5 * HOUR) is not None
    assert curve.within(6 * HOUR) is None
    assert curve.restricted_mean(6 * HOUR) is None


def test_with_nobody_left_waiting_every_later_share_is_known() -> None:
    cells = {cell(1 * HOUR, STOPPED): 30, cell(2 * HOUR, OTHER): 10}

    curve = estimate(cells)

    last = curve.within(EDGES[-1])
    assert last is not None
    assert last.value == pytest.approx(0.75)


def test_rejecting_everything_is_a_decision_and_no_action() -> None:
    cells = {cell(1 * MINUTE, OTHER): 1000}

    curve = estimate(cells)

    acted = curve.within(1 * DAY)
    assert acted is not None
    assert (acted.value, acted.low) == (0.0, 0.0)
    assert acted.high == pytest.approx(0.00383, abs=1e-5)
    assert median(curve) == UNKNOWN
    assert curve.method is Method.AALEN_JOHANSEN


def test_nothing_among_many_is_known_better_than_nothing_among_few() -> None:
    many = estimate({cell(2 * DAY, OPEN): 500}).within(1 * DAY)
    few = estimate({cell(2 * DAY, OPEN): 5}).within(1 * DAY)

    assert many is not None
    assert few is not None
    assert many.high == pytest.approx(0.00762, abs=1e-5)
    assert few.high == pytest.approx(0.43448, abs=1e-5)


def test_reports_no_longer_in_view_do_not_are_behind_a_share_of_nothing() -> None:
    cells = {cell(1 * HOUR, OPEN): 99, cell(5 * HOUR, OPEN): 1}

    curve = estimate(cells)

    before, after = curve.within(1 * HOUR), curve.within(2 * HOUR)
    assert before is not None
    assert after is not None
    assert before.high == pytest.approx(0.03699, abs=1e-5)
    assert after.high == pytest.approx(0.79345, abs=1e-5)


def test_everything_among_many_has_a_lower_limit_too() -> None:
    at_once = estimate({cell(1 * HOUR, STOPPED): 500}).within(1 * DAY)
    one_by_one = estimate({cell(i * MINUTE, STOPPED): 5 for i in range(1, 101)}).within(1 * DAY)

    assert at_once == pytest.approx((1.0, 0.99238, 1.0), abs=1e-5)
    assert one_by_one == pytest.approx((1.0, 0.99238, 1.0), abs=1e-5)


def test_the_last_of_a_thinned_cohort_proves_little() -> None:
    cells = {cell(1 * MINUTE, STOPPED): 50, cell(2 * MINUTE, OPEN): 9949, cell(1 * HOUR, STOPPED): 1}

    within_a_day = estimate(cells).within(1 * DAY)

    assert within_a_day is not None
    assert within_a_day.value == 1.0
    assert within_a_day.low == pytest.approx(0.207, abs=1e-3)


def test_a_report_published_only_at_closing_has_no_exposure() -> None:
    cells = {cell(3 * HOUR, STOPPED, logged_after=3 * HOUR): 100}

    curve = estimate(cells)

    assert curve.exposure.unexposed == 100
    assert not curve.exposure.is_measurable
    assert curve.within(1 * DAY) is None
    assert median(curve) == UNKNOWN
    assert curve.restricted_mean(1 * DAY) is None


@pytest.mark.parametrize(("logged_at_closing", "measurable"), [(5, True), (6, False)])
def test_up_to_5_percent_published_at_closing_are_accepted(logged_at_closing: int, *, measurable: bool) -> None:
    on_time = 100 - logged_at_closing
    cells = {cell(1 * HOUR, STOPPED): on_time, cell(3 * HOUR, STOPPED, logged_after=4 * HOUR): logged_at_closing}

    curve = estimate(cells)

    assert curve.exposure.is_measurable is measurable
    assert (curve.within(1 * DAY) is not None) is measurable


def test_who_enters_at_a_time_is_at_risk_after_it() -> None:
    cells = {
        cell(1 * HOUR, STOPPED): 1,
        cell(3 * HOUR, STOPPED): 1,
        cell(2 * HOUR, STOPPED, logged_after=1 * HOUR): 2,
    }

    curve = estimate(cells)

    assert [(moment.at // HOUR, moment.at_risk) for moment in curve.points] == [(1, 2), (2, 3), (3, 1)]
    assert curve.exposure.delayed == 2
    assert share(cells, 2 * HOUR) == pytest.approx(1 - 1 / 2 * 1 / 3)


def test_who_is_last_seen_open_at_a_time_was_at_risk_then() -> None:
    cells = {cell(1 * HOUR, STOPPED): 1, cell(1 * HOUR, OPEN): 3}

    assert share(cells, 1 * HOUR) == 0.25


def test_before_anybody_is_in_view_nothing_is_known() -> None:
    cells = {cell(5 * HOUR, STOPPED, logged_after=1 * HOUR): 10}

    assert share(cells, 1 * HOUR) is None
    assert share(cells, 2 * HOUR) == 0.0
    assert share(cells, 5 * HOUR) == 1.0


def test_an_early_exhausted_risk_set_does_not_make_everybody_fast() -> None:
    cells = {cell(10 * MINUTE, STOPPED): 3, cell(30 * DAY, OPEN, logged_after=20 * MINUTE): 97}

    curve = estimate(cells)

    assert share(cells, 9 * MINUTE) == 0.0
    assert curve.within(10 * MINUTE) is None
    assert curve.within(1 * DAY) is None
    assert median(curve).value is None


def test_beyond_the_grid_a_report_counts_as_still_waiting_at_its_last_edge() -> None:
    cells = {(FROM_START, OVERFLOW_BIN, STOPPED): 1, (FROM_START, OVERFLOW_BIN - 1, STOPPED): 1}

    curve = estimate(cells)

    assert share(cells, EDGES[-1]) == 0.5
    assert [(moment.ended, moment.censored) for moment in curve.points] == [(1, 1)]
    assert curve.exposure.events == 2


def test_the_restricted_mean_is_the_area_above_the_incidence() -> None:
    cells = {cell(1 * HOUR, STOPPED): 1, cell(3 * HOUR, STOPPED): 1}

    restricted = estimate(cells).restricted_mean(4 * HOUR)

    assert restricted is not None
    assert (restricted.tau, restricted.value) == (14_400.0, 7_200.0)
    assert isclose(restricted.standard_error, 3_600 / 2**0.5)


def test_heaped_endings_keep_the_binomial_variance() -> None:
    heaped = {cell(1 * MINUTE, OTHER): 550, cell(1 * MINUTE, STOPPED): 300}
    cells = heaped | {cell(i * HOUR, STOPPED): 15 for i in range(1, 11)}

    curve = estimate(cells)

    assert curve.incidence[-1] == pytest.approx(0.45)
    assert curve.variance == pytest.approx([share * (1 - share) / 1000 for share in curve.incidence])


def test_no_reports_at_all_have_no_figures() -> None:
    curve = estimate({})

    assert curve.exposure.n == 0
    assert not curve.exposure.is_measurable
    assert curve.within(1 * HOUR) is None
    assert quantile(curve, 0.9) == UNKNOWN


@pytest.mark.parametrize(
    "wrong", [{(-2, 3, 1): 1}, {(-1, OVERFLOW_BIN + 1, 1): 1}, {(-1, -1, 1): 1}, {(-1, 3, -1): 1}, {(-1, 3, 1): -1}]
)
def test_a_cell_off_the_grid_or_a_negative_count_is_refused(wrong: Cells) -> None:
    with pytest.raises(ValueError, match="expected a count >= 0 in a cell"):
        estimate(wrong)


def test_a_limit_off_the_grid_is_refused() -> None:
    curve = estimate({cell(1 * HOUR, STOPPED): 1})

    with pytest.raises(ValueError, match="expected an edge of the bins"):
        curve.within(1 * HOUR + 1)
    with pytest.raises(ValueError, match="expected an edge of the bins"):
        curve.restricted_mean(1 * HOUR + 1)


@pytest.mark.parametrize("p", [0, 1, -0.5, 95])
def test_a_quantile_of_no_share_is_refused(p: float) -> None:
    curve = estimate({cell(1 * HOUR, STOPPED): 1})

    with pytest.raises(ValueError, match="expected a share between 0 and 1"):
        quantile(curve, p)
