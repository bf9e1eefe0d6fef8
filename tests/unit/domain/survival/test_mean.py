"""The mean time is exact, or a lower bound."""

import pytest

from streams.domain.clocks.endings import FROZEN
from streams.domain.clocks.standard import STANDARD_CLOCKS
from streams.domain.clocks.state_machine import State
from streams.domain.cohorts.profile import ClockValue, ReportProfile
from streams.domain.cohorts.statistics import CohortSample, clock_statistics
from streams.domain.duration_bins import DAY, EDGES, HOUR, bin_of
from streams.domain.survival import FROM_START, DurationTotal, Mean, mean


def test_the_mean_is_exact_when_nothing_is_open() -> None:
    assert mean(DurationTotal(4, 10 * HOUR), DurationTotal(0, 0)) == Mean(9000.0, exact=True)


def test_the_mean_is_a_lower_bound_while_reports_are_open() -> None:
    assert mean(DurationTotal(4, 10 * HOUR), DurationTotal(1, 5 * HOUR)) == Mean(10_800.0, exact=False)


def test_no_reports_have_no_mean() -> None:
    assert mean(DurationTotal(0, 0), DurationTotal(0, 0)) == Mean(None, exact=True)


@pytest.mark.parametrize("state", [State.PAUSED, State.UNANSWERED])
def test_a_report_whose_clock_does_not_move_counts_in_the_mean_for_what_it_has_waited(state: State) -> None:
    clock, sample = STANDARD_CLOCKS[0], CohortSample()
    sample.count_profile(
        0, ReportProfile(state, FROM_START, None, (ClockValue(clock.hash, bin_of(30 * HOUR), FROZEN),)), 1, 9 * DAY
    )
    sample.count_profile(0, ReportProfile(state, FROM_START, None, (ClockValue(clock.hash, 0, FROZEN),)), 1, 9 * DAY)

    least = EDGES[bin_of(30 * HOUR) - 1]

    assert clock_statistics(sample, [clock]).mean == Mean(least / 2 / 1000, exact=False)
