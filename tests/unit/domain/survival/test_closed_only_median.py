"""The median that transparency reports print."""

from collections import Counter
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.duration_bins import DAY, EDGES, HOUR, MINUTE, OVERFLOW_BIN, bin_of
from streams.domain.survival import (
    FROM_START,
    OPEN,
    STOPPED,
    closed_only_median,
    whole_hour_median,
)

OTHER = 2


def stopped_profile(*durations: int) -> Counter[tuple[int, int, int]]:
    return Counter((FROM_START, bin_of(duration), STOPPED) for duration in durations)


def test_only_reports_that_ended_as_wanted_count() -> None:
    cells = stopped_profile(1 * HOUR) | {(FROM_START, bin_of(9 * DAY), OPEN): 99, (FROM_START, 0, OTHER): 99}

    assert closed_only_median(cells) == 3600.0


def test_a_report_published_only_at_closing_counts_here() -> None:
    at_closing = {(bin_of(2 * HOUR), bin_of(2 * HOUR), STOPPED): 7}

    assert closed_only_median(at_closing) == 7200.0


def test_the_median_of_an_even_number_is_the_mean_of_the_two_in_the_middle() -> None:
    assert closed_only_median(stopped_profile(10 * MINUTE, 20 * MINUTE, 40 * MINUTE, 5 * HOUR)) == 1800.0


@given(st.lists(st.integers(1, 400 * DAY), min_size=1, max_size=40))
def test_on_raw_durations_the_median_is_off_by_less_than_a_bin(durations: list[int]) -> None:
    raw = median(durations)
    middle = sorted(durations)[(len(durations) - 1) // 2 : len(durations) // 2 + 1]

    found = closed_only_median(stopped_profile(*durations))

    widest = max(EDGES[bin_of(duration)] - duration for duration in middle)
    assert found is not None
    assert 0 <= 1000 * found - raw <= widest


@pytest.mark.parametrize(
    ("duration", "hours"), [(29 * MINUTE, 0), (30 * MINUTE, 1), (89 * MINUTE, 1), (90 * MINUTE, 2), (36 * HOUR, 36)]
)
def test_whole_hours_are_rounded_half_up(duration: int, hours: int) -> None:
    assert whole_hour_median(stopped_profile(duration)) == hours


@pytest.mark.parametrize(
    "cells", [{}, {(FROM_START, 4, OPEN): 5}, {(FROM_START, 4, STOPPED): 0}, {(FROM_START, OVERFLOW_BIN, STOPPED): 3}]
)
def test_without_a_closed_report_on_the_grid_there_is_no_median(cells: dict[tuple[int, int, int], int]) -> None:
    assert closed_only_median(cells) is None
    assert whole_hour_median(cells) is None
