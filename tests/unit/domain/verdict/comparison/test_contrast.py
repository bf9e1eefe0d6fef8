"""The comparison of two windows: an independent way to the same numbers, and what changes nothing."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from math import cos, pi, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats  # type: ignore[import-untyped]  # ships no types

from streams.domain.clocks.endings import STOPPED
from streams.domain.cohorts.cohort import SurvivalCell
from streams.domain.cohorts.profile import ClockValue
from streams.domain.duration_bins import EDGES
from streams.domain.survival import FROM_START, Curve, estimate
from streams.domain.verdict.comparison.contrast import Contrast, compare
from streams.domain.verdict.comparison.estimand import Estimand, Kind
from streams.domain.verdict.comparison.filed_weeks import FiledReports, Strata, Stratum, Window, reports_by_window
from tests.unit.domain.verdict.strategies import (
    COMPLETE_THROUGH,
    CURRENT,
    ESTIMANDS,
    WINDOWS,
    first_day,
    reports_of_windows,
)

ONE_STRATUM = (Stratum("grooming", "in_app"),)
FEW = settings(max_examples=max(10, settings().max_examples // 4))


def contrast_of(
    reports: Sequence[FiledReports], estimand: Estimand, windows: Sequence[Window] = WINDOWS
) -> Contrast | None:
    return compare(reports_by_window(reports, windows, COMPLETE_THROUGH), windows, estimand)


def numbers(contrast: Contrast | None) -> list[float] | None:
    if contrast is None:
        return None
    return [
        *(contrast.baseline, contrast.current, contrast.difference, contrast.low, contrast.high),
        *(contrast.standard_error, contrast.df, contrast.p_value, contrast.detectable, contrast.covered),
    ]


def figure(curve: Curve, estimand: Estimand) -> float:
    """Return a figure of a curve by a sum over its points."""
    steps = [(0, 0.0), *((point.at, share) for point, share in zip(curve.points, curve.incidence, strict=True))]
    within = [step for step in steps if step[0] <= estimand.limit]
    if estimand.kind is Kind.SHARE:
        return within[-1][1]
    return sum((later - at) * (1 - share) for (at, share), (later, _) in pairwise([*within, (estimand.limit, 0.0)]))


def pooled(strata: Strata, name: Stratum, without: int | None = None) -> Counter[SurvivalCell]:
    return sum((cells for week, cells in strata[name].items() if week != without), Counter())


def expected_side(
    strata: Strata, weights: dict[Stratum, float], window: Window, estimand: Estimand
) -> tuple[float, float]:
    """Return a side's figure and variance as docs/statistics.md writes them."""

    def standardised(without: int | None = None) -> float:
        return sum(
            weight * figure(estimate(pooled(strata, name, without), estimand.interest), estimand)
            for name, weight in weights.items()
        )

    whole, weeks = standardised(), window.weeks
    pseudo = [weeks * whole - (weeks - 1) * standardised(window.first_week + place) for place in range(weeks)]
    waves = [
        sqrt(2 / weeks) * sum(value * cos(pi * j * (place + 0.5) / weeks) for place, value in enumerate(pseudo))
        for j in range(1, 5)
    ]
    return whole, sum(wave**2 for wave in waves) / (4 * weeks)


@FEW
@given(reports_of_windows(), st.sampled_from(ESTIMANDS))
def test_a_contrast_is_what_curves_of_the_whole_and_without_each_week_give(
    reports: list[FiledReports], estimand: Estimand
) -> None:
    sides = reports_by_window(reports, WINDOWS, COMPLETE_THROUGH)
    contrast = compare(sides, WINDOWS, estimand)
    if contrast is None or len(contrast.strata) < 2:
        return

    exposed = {name: _exposed(pooled(sides[0], name)) for name in contrast.strata}
    weights = {name: count / sum(exposed.values()) for name, count in exposed.items()}
    (baseline, variance_1), (current, variance_2) = (
        expected_side(side, weights, window, estimand) for side, window in zip(sides, WINDOWS, strict=True)
    )

    se = sqrt(variance_1 + variance_2)
    assert (contrast.baseline, contrast.current) == pytest.approx((baseline, current), rel=1e-9)
    assert contrast.standard_error == pytest.approx(se, rel=1e-6, abs=1e-9)
    if se > 1e-6:
        df = (variance_1 + variance_2) ** 2 / (variance_1**2 / 4 + variance_2**2 / 4)
        half = stats.t.ppf(0.975, df) * se
        assert contrast.df == pytest.approx(df, rel=1e-6)
        assert (contrast.low, contrast.high) == pytest.approx(
            (current - baseline - half, current - baseline + half), rel=1e-6, abs=1e-6
        )


def _exposed(cells: Counter[SurvivalCell]) -> int:
    last = len(EDGES) - 1
    return sum(count for (entry, leaving, _), count in cells.items() if entry < min(leaving, last))


@FEW
@given(st.data(), reports_of_windows(), st.sampled_from(ESTIMANDS))
def test_the_order_of_reports_changes_nothing(
    data: st.DataObject, reports: list[FiledReports], estimand: Estimand
) -> None:
    shuffled = data.draw(st.permutations(reports))

    assert numbers(contrast_of(shuffled, estimand)) == pytest.approx(numbers(contrast_of(reports, estimand)), rel=1e-9)


@FEW
@given(reports_of_windows(), st.sampled_from(ESTIMANDS))
def test_reports_counted_twice_leave_difference_and_error(reports: list[FiledReports], estimand: Estimand) -> None:
    once = contrast_of(reports, estimand)
    twice = contrast_of([report._replace(reports=2 * report.reports) for report in reports], estimand)

    if once is not None:
        assert numbers(twice) == pytest.approx(numbers(once), rel=1e-6, abs=1e-6)


@FEW
@given(reports_of_windows(ONE_STRATUM), st.sampled_from(ESTIMANDS))
def test_windows_that_are_exchanged_turn_the_sign(reports: list[FiledReports], estimand: Estimand) -> None:
    forward, backward = contrast_of(reports, estimand), contrast_of(reports, estimand, WINDOWS[::-1])

    assert (forward is None) == (backward is None)
    if forward is not None and backward is not None:
        assert backward.difference == pytest.approx(-forward.difference, abs=1e-6)
        assert backward.standard_error == pytest.approx(forward.standard_error, rel=1e-9, abs=1e-9)


@FEW
@given(reports_of_windows(), st.sampled_from(ESTIMANDS))
def test_a_stratum_that_exists_only_now_changes_no_difference(reports: list[FiledReports], estimand: Estimand) -> None:
    late = [
        FiledReports(first_day(week), Stratum("trafficking", "email"), FROM_START, ClockValue(b"", 5, STOPPED), 9)
        for week in range(CURRENT.first_week, CURRENT.first_week + CURRENT.weeks)
    ]
    before, after = contrast_of(reports, estimand), contrast_of([*reports, *late], estimand)

    if before is not None and len(before.strata) == 2:
        assert after is not None
        assert after.difference == pytest.approx(before.difference, abs=1e-6)
        assert after.strata == before.strata
        assert after.covered < before.covered


@FEW
@given(reports_of_windows(ONE_STRATUM), st.integers(0, CURRENT.weeks - 1))
def test_one_more_report_that_is_decided_at_once_is_never_slower(reports: list[FiledReports], week: int) -> None:
    mean = ESTIMANDS[0]
    fast = FiledReports(
        first_day(CURRENT.first_week + week), ONE_STRATUM[0], FROM_START, ClockValue(b"", 0, STOPPED), 1
    )

    before, after = contrast_of(reports, mean), contrast_of([*reports, fast], mean)

    if before is not None and after is not None:
        assert after.difference <= before.difference + 1e-6
