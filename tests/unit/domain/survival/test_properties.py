"""What holds for every cohort. A report is (entry bin, exit bin, ending): `Counter(reports)` are the cells."""

from collections import Counter
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.duration_bins import EDGES, OVERFLOW_BIN
from streams.domain.survival import FROM_START, OPEN, STOPPED, Curve, Interval, estimate, is_reached, quantile

Report = tuple[int, int, int]

OTHER, WITHDRAWN = 2, 3
BINS = st.one_of(st.integers(0, 12), st.integers(0, OVERFLOW_BIN))
REPORTS = st.lists(
    st.tuples(
        st.one_of(st.just(FROM_START), st.integers(0, OVERFLOW_BIN)),
        BINS,
        st.sampled_from([OPEN, STOPPED, OTHER, WITHDRAWN]),
    ),
    max_size=60,
)
# With these, too few reports are told late for the figures to be withheld.
SEEN_FROM_START = [(FROM_START, 20 * i, (STOPPED, OPEN, STOPPED, OTHER)[i % 4]) for i in range(60)]
SMALL_COHORTS = st.lists(
    st.tuples(st.integers(FROM_START, 30), BINS, st.sampled_from([OPEN, STOPPED, OTHER])), max_size=3
)
SHARES = st.sampled_from([0.1, 0.5, 0.85, 0.9, 0.95])
EXAMPLES = settings(max_examples=60, deadline=None)


def curve_values(curve: Curve) -> list[object]:
    asked: list[object] = [quantile(curve, p) for p in (0.5, 0.85, 0.9, 0.95)]
    return [
        *asked,
        *(curve.within(EDGES[i]) for i in range(0, OVERFLOW_BIN, 100)),
        curve.restricted_mean(EDGES[OVERFLOW_BIN // 2]),
    ]


@EXAMPLES
@given(REPORTS)
def test_shares_stay_between_0_and_1_and_only_move_one_way(of: list[Report]) -> None:
    curve = estimate(Counter(of))

    assert all(0 <= share <= 1 for share in (*curve.survival, *curve.incidence))
    assert all(earlier >= later for earlier, later in pairwise(curve.survival))
    assert all(earlier <= later for earlier, later in pairwise(curve.incidence))
    assert min((*curve.variance, *curve.survival_variance), default=0) >= 0


@EXAMPLES
@given(REPORTS)
def test_the_incidences_of_all_endings_and_what_is_left_add_up_to_1(of: list[Report]) -> None:
    cells = Counter(of)

    curves = [estimate(cells, ending) for ending in (STOPPED, OTHER, WITHDRAWN)]

    for left, *shares in zip(curves[0].survival, *(curve.incidence for curve in curves), strict=True):
        assert left + sum(shares) == pytest.approx(1, abs=1e-12)


@EXAMPLES
@given(SMALL_COHORTS, st.randoms(use_true_random=False))
def test_the_order_of_reports_does_not_matter(few: list[Report], random: Random) -> None:
    of = SEEN_FROM_START + few
    shuffled = random.sample(of, len(of))

    assert curve_values(estimate(Counter(shuffled))) == curve_values(estimate(Counter(of)))


@EXAMPLES
@given(SMALL_COHORTS)
def test_an_empty_cell_changes_nothing(few: list[Report]) -> None:
    cells = Counter(SEEN_FROM_START + few)
    empty = {(entry, leaving, 5): 0 for entry in (FROM_START, 3) for leaving in (0, 7, OVERFLOW_BIN)}

    assert estimate({**cells, **empty}) == estimate(cells)


@EXAMPLES
@given(SMALL_COHORTS, SHARES)
def test_a_quantile_is_the_first_edge_within_which_its_share_ended(few: list[Report], p: float) -> None:
    curve = estimate(Counter(SEEN_FROM_START + few))

    value = quantile(curve, p).value

    reached = [edge for edge in EDGES if (share := curve.within(edge)) and (share.value or 0) >= p - 1e-12]
    assert value == (reached[0] / 1000 if reached else None)


@EXAMPLES
@given(REPORTS, SHARES)
def test_a_quantile_is_not_reached_only_where_the_curve_is_known_as_long_as_any_report_was_seen(
    of: list[Report], p: float
) -> None:
    curve = estimate(Counter(of))
    seen = [min(leaving, OVERFLOW_BIN - 1) for entry, leaving, _ in of if entry < min(leaving, OVERFLOW_BIN - 1)]

    reaches, value = is_reached(curve, p), quantile(curve, p).value

    if value is not None:
        assert reaches is True
    elif reaches is False:
        assert curve.known_to >= max(EDGES[leaving] for leaving in seen)
        assert max(curve.incidence, default=0) < p
    else:
        assert not curve.exposure.is_measurable or curve.within(EDGES[max(seen)]) is None


@EXAMPLES
@given(SMALL_COHORTS, SHARES)
def test_the_limits_of_a_quantile_are_where_the_limits_of_the_share_cross_it(few: list[Report], p: float) -> None:
    curve = estimate(Counter(SEEN_FROM_START + few))

    interval = quantile(curve, p)

    bands = [(edge, band) for edge in EDGES if (band := curve.within(edge)) and band.value]
    assert interval.low == next((edge / 1000 for edge, band in bands if (band.high or 0) >= p - 1e-12), None)
    assert interval.high == next((edge / 1000 for edge, band in bands if (band.low or 0) >= p - 1e-12), None)


@EXAMPLES
@given(SMALL_COHORTS)
def test_a_share_lies_inside_its_limits(few: list[Report]) -> None:
    curve = estimate(Counter(SEEN_FROM_START + few))

    for edge in EDGES[::25]:
        match curve.within(edge):
            case Interval(float(value), float(low), float(high)):
                assert 0 <= low <= value <= high <= 1
            case _:
                assert edge > curve.known_to


@EXAMPLES
@given(REPORTS)
def test_every_report_is_exposed_from_the_start_or_late_or_never(of: list[Report]) -> None:
    exposure = estimate(Counter(of)).exposure

    assert exposure.n == len(of)
    assert exposure.from_start == sum(entry == FROM_START for entry, _, _ in of)
    assert exposure.unexposed == sum(entry >= min(leaving, OVERFLOW_BIN - 1) for entry, leaving, _ in of)
    assert exposure.events == sum(ending == STOPPED for _, _, ending in of)
