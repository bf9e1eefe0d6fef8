"""What rules ask, judged on reports whose counts were worked out by hand, and against a scan of single reports."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.clocks.endings import EXPIRED, OPEN, STOPPED
from streams.domain.clocks.standard import STANDARD_CLOCKS
from streams.domain.cohorts.objectives import (
    DayRange,
    ObjectiveCounts,
    ObjectiveResult,
    Period,
    Statistic,
    Target,
    count_outcomes,
    evaluate_objective,
    period_ranges,
)
from streams.domain.cohorts.statistics import CohortSample, clock_statistics
from streams.domain.duration_bins import DAY, HOUR, MINUTE, bin_of

CLOCK = STANDARD_CLOCKS[2]
NO_VIOLATION = STOPPED + 1
FROM_THE_START = -1


class ReportOutcome(NamedTuple):
    """One report: how its clock ended (or OPEN) after how long, and how late it was told of."""

    ending: int
    duration: int
    delay: int = 0


def cohort_sample(reports: Sequence[ReportOutcome]) -> CohortSample:
    """Return a sample of single reports."""
    sample = CohortSample()
    for ending, duration, delay in reports:
        entry = bin_of(delay) if delay else FROM_THE_START
        sample.reports[CLOCK.hash] += 1
        sample.cells[CLOCK.hash][entry, bin_of(duration), ending] += 1
        if ending in (OPEN, STOPPED):
            (sample.open_totals if ending == OPEN else sample.stopped_totals)[CLOCK.hash] += duration
    return sample


def evaluate(target: Target, reports: Sequence[ReportOutcome], *, known: bool = True) -> ObjectiveResult:
    """Judge single reports."""
    sample = cohort_sample(reports)
    figures = clock_statistics(sample, [CLOCK])
    return evaluate_objective(figures, sample.merged_cells([CLOCK]), len(reports), target, has_watermark=known)


def days(first: date, last: date) -> DayRange:
    """Return a span of dates."""
    return DayRange((first - date(1970, 1, 1)).days, (last - date(1970, 1, 1)).days)


@pytest.mark.parametrize(
    ("period", "current", "previous"),
    [
        (Period.MONTH, (date(2028, 3, 1), date(2028, 3, 31)), (date(2028, 2, 1), date(2028, 2, 29))),
        (Period.QUARTER, (date(2028, 1, 1), date(2028, 3, 31)), (date(2027, 10, 1), date(2027, 12, 31))),
        (Period.ROLLING_28D, (date(2028, 2, 5), date(2028, 3, 3)), (date(2028, 1, 8), date(2028, 2, 4))),
        (Period.ROLLING_90D, (date(2027, 12, 5), date(2028, 3, 3)), (date(2027, 9, 6), date(2027, 12, 4))),
    ],
)
def test_a_period_is_a_calendar_s_or_ends_today_and_the_one_before_ends_where_it_begins(
    period: Period, current: tuple[date, date], previous: tuple[date, date]
) -> None:
    today = days(date(2028, 3, 3), date(2028, 3, 3)).first

    assert period_ranges(period, today) == (days(*current), days(*previous))


@given(period=st.sampled_from(Period), day=st.integers(0, 60_000))
def test_every_day_is_in_its_period_and_periods_leave_no_gap(period: Period, day: int) -> None:
    current, previous = period_ranges(period, day)

    assert current.first <= day <= current.last
    assert previous.last + 1 == current.first
    if period in (Period.MONTH, Period.QUARTER):
        assert period_ranges(period, previous.first)[0] == period_ranges(period, previous.last)[0] == previous


TWENTY = [
    *[ReportOutcome(STOPPED, HOUR)] * 15,
    *[ReportOutcome(STOPPED, 49 * HOUR)] * 2,
    ReportOutcome(EXPIRED, HOUR),
    ReportOutcome(NO_VIOLATION, 2 * HOUR),
    ReportOutcome(OPEN, 3 * HOUR),
]


def test_a_report_misses_when_it_is_late_or_expires_and_is_released_when_it_ends_otherwise_in_time() -> None:
    cells = cohort_sample(TWENTY).merged_cells([CLOCK])

    assert count_outcomes(cells, 48 * HOUR, 20) == ObjectiveCounts(kept=15, released=1, missed=3, pending=1)


def test_a_share_is_of_those_that_did_not_miss_and_is_met_only_when_nothing_can_change_that() -> None:
    asked = Target(Statistic.SHARE, 48 * HOUR, 0.85)

    still_open = evaluate(asked, TWENTY)
    kept = evaluate(asked, [*TWENTY[:-1], ReportOutcome(STOPPED, 48 * HOUR)])
    missed = evaluate(asked, [*TWENTY[:-1], ReportOutcome(OPEN, 48 * HOUR + 1)])

    # 15 of 20 stop at 1 h, where one expires; of the 4 left one is released at 2 h, one is last seen at 3 h.
    assert [one.value for one in (still_open, kept, missed)] == pytest.approx([0.8, 0.85, 0.8])
    assert [(one.met, one.misses_left) for one in (still_open, kept, missed)] == [(None, 0), (True, 0), (False, -1)]


def test_the_misses_that_a_share_allows_are_not_lost_in_the_rounding_of_floats() -> None:
    assert evaluate(Target(Statistic.SHARE, HOUR, 0.9), [ReportOutcome(STOPPED, HOUR)] * 10).misses_left == 1


def test_each_is_broken_by_one_miss_and_kept_when_nothing_is_open() -> None:
    asked = Target(Statistic.EACH, HOUR, 1.0)
    in_time = [ReportOutcome(STOPPED, HOUR), ReportOutcome(NO_VIOLATION, MINUTE)]

    assert evaluate(asked, in_time) == ObjectiveResult(2, 1.0, lower_bound=False, met=True, misses_left=0)
    assert evaluate(asked, [*in_time, ReportOutcome(OPEN, MINUTE)]).met is None
    assert evaluate(asked, [*in_time, ReportOutcome(OPEN, HOUR + 1)])[3:] == (False, -1)


def test_a_quantile_is_one_of_all_reports_so_that_rejecting_them_does_not_bring_it_nearer() -> None:
    asked = Target(Statistic.QUANTILE, 24 * HOUR, 0.5)
    half = [ReportOutcome(STOPPED, 2 * HOUR)] * 5 + [ReportOutcome(NO_VIOLATION, HOUR)] * 5
    fewer = [ReportOutcome(STOPPED, 2 * HOUR)] * 4 + [ReportOutcome(NO_VIOLATION, HOUR)] * 6

    assert evaluate(asked, half) == ObjectiveResult(10, 7200.0, lower_bound=False, met=True, misses_left=0)
    assert evaluate(asked, fewer) == ObjectiveResult(10, None, lower_bound=False, met=False, misses_left=-1)


def test_a_mean_with_open_reports_is_a_lower_bound_that_can_be_too_long_and_never_short_enough() -> None:
    asked = Target(Statistic.MEAN, 24 * HOUR, None)
    ended = [ReportOutcome(STOPPED, 10 * HOUR), ReportOutcome(STOPPED, 20 * HOUR)]

    assert evaluate(asked, ended) == ObjectiveResult(2, 15 * 3600, lower_bound=False, met=True, misses_left=None)
    assert evaluate(asked, [*ended, ReportOutcome(OPEN, 6 * HOUR)]) == ObjectiveResult(
        3, 12 * 3600, lower_bound=True, met=None, misses_left=None
    )
    assert evaluate(asked, [*ended, ReportOutcome(OPEN, 60 * HOUR)])[2:] == (True, False, None)


@pytest.mark.parametrize("statistic", Statistic)
def test_nothing_is_kept_by_who_tells_of_reports_only_when_they_are_closed(statistic: Statistic) -> None:
    asked = Target(statistic, HOUR, None if statistic is Statistic.MEAN else 0.5)
    at_closing = [ReportOutcome(STOPPED, HOUR, delay=HOUR)] * 10

    assert evaluate(asked, at_closing)[1:4] == (None, False, None)


@pytest.mark.parametrize("statistic", Statistic)
def test_nothing_is_kept_while_nobody_knows_how_long_open_reports_have_waited(statistic: Statistic) -> None:
    asked = Target(statistic, HOUR, None if statistic is Statistic.MEAN else 0.5)

    assert evaluate(asked, [ReportOutcome(STOPPED, HOUR)] * 10, known=False)[1:4] == (None, False, None)
    assert evaluate(asked, [ReportOutcome(STOPPED, 2 * HOUR)] * 10, known=False).met is False


@pytest.mark.parametrize("statistic", Statistic)
def test_of_no_report_nothing_is_reported(statistic: Statistic) -> None:
    asked = Target(statistic, HOUR, None if statistic is Statistic.MEAN else 0.5)

    assert evaluate(asked, [])[:4] == (0, None, False, None)


def test_the_versions_of_a_clock_are_one_figure() -> None:
    sample, later = (
        cohort_sample([ReportOutcome(STOPPED, HOUR), ReportOutcome(OPEN, HOUR)]),
        CLOCK._replace(version="2"),
    )
    sample.cells[later.hash] = Counter({(FROM_THE_START, bin_of(HOUR), STOPPED): 2})
    sample.stopped_totals[later.hash] = 2 * HOUR

    figures = clock_statistics(sample, [CLOCK, later])

    assert sample.merged_cells([CLOCK, later])[FROM_THE_START, bin_of(HOUR), STOPPED] == 3
    assert (figures.curve.exposure.n, figures.mean.seconds) == (4, 3600)


durations = st.one_of(st.integers(0, 3 * DAY), st.sampled_from((HOUR, HOUR + 1, DAY, DAY + 1)))
closed_reports = st.builds(ReportOutcome, st.sampled_from((STOPPED, NO_VIOLATION, EXPIRED)), durations, st.just(0))
open_reports = st.builds(ReportOutcome, st.just(OPEN), durations, st.just(0))
targets = st.builds(
    Target,
    st.sampled_from((Statistic.EACH, Statistic.SHARE, Statistic.QUANTILE)),
    st.sampled_from((HOUR, DAY)),
    st.sampled_from((0.5, 0.75, 0.85)),
).map(lambda target: target._replace(share=1.0) if target.statistic is Statistic.EACH else target)


def misses(report: ReportOutcome, target: Target) -> bool:
    """Tell whether a single report misses, open ones as they stand."""
    if report.duration > target.limit or report.ending == EXPIRED:
        return True
    return target.statistic is Statistic.QUANTILE and report.ending == NO_VIOLATION


@given(target=targets, reports=st.lists(closed_reports, min_size=1, max_size=30))
def test_of_ended_reports_a_scan_finds_the_same(target: Target, reports: list[ReportOutcome]) -> None:
    missed = [misses(report, target) for report in reports]
    evaluation = evaluate(target, reports)

    assert evaluation.met is (sum(missed) <= (1 - (target.share or 0)) * len(reports) + 1e-6)
    assert evaluation.misses_left is not None
    assert 0 <= (1 - (target.share or 0)) * len(reports) - sum(missed) - evaluation.misses_left + 1e-6 < 1 + 1e-5
    if target.statistic is not Statistic.QUANTILE:
        assert evaluation.value == pytest.approx(1 - sum(missed) / len(reports))
    else:
        assert (evaluation.value is not None and evaluation.value <= target.limit / 1000) is evaluation.met


@given(
    target=targets,
    ended=st.lists(closed_reports, max_size=15),
    still=st.lists(open_reports, max_size=6),
    data=st.data(),
)
def test_what_is_known_while_reports_wait_holds_whatever_becomes_of_them(
    target: Target, ended: list[ReportOutcome], still: list[ReportOutcome], data: st.DataObject
) -> None:
    later = [
        report._replace(
            ending=data.draw(st.sampled_from((STOPPED, NO_VIOLATION, EXPIRED))),
            duration=report.duration + data.draw(durations),
        )
        for report in still
    ]

    before, after = evaluate(target, ended + still), evaluate(target, ended + later)

    assert before.met in (None, after.met)
    assert before.misses_left is not None
    assert after.misses_left is not None
    assert after.misses_left <= before.misses_left
