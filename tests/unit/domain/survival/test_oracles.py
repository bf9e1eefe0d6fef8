"""The estimators against lifelines, scikit-survival, and products written out from single reports.

A report here is (entry bin, exit bin, ending), so that `Counter(reports)` are the cells.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from math import sqrt
from random import Random
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from sksurv.nonparametric import cumulative_incidence_competing_risks

from streams.domain.duration_bins import DAY, EDGES, HOUR, OVERFLOW_BIN, bin_of
from streams.domain.survival import FROM_START, OPEN, STOPPED, Curve, Method, estimate, median, quantile

Report = tuple[int, int, int]
Number = float | complex

EXACT = 1e-9
OTHER, WITHDRAWN = 2, 3

# Few bins, so that many reports share one, and the whole grid.
BINS = st.one_of(st.integers(0, 12), st.integers(0, OVERFLOW_BIN - 1))
ALL_FROM_START = st.just(FROM_START)
ENTRIES = st.one_of(st.just(FROM_START), st.integers(0, 10), st.integers(0, OVERFLOW_BIN - 2))
EXAMPLES = settings(max_examples=100, deadline=None)
# A fit of lifelines takes some 10 ms.
FEWER_EXAMPLES = settings(max_examples=40, deadline=None)


def reports(
    endings: Sequence[int], entries: st.SearchStrategy[int] = ALL_FROM_START
) -> st.SearchStrategy[list[Report]]:
    """Reports that were at risk for some time."""
    one = st.tuples(entries, BINS, st.sampled_from(endings)).filter(lambda report: report[0] < report[1])
    return st.lists(one, min_size=1, max_size=60)


def entry_bin(report: Report) -> float:
    return 0.0 if report[0] == FROM_START else EDGES[report[0]] / 1000


def exit_bin(report: Report) -> float:
    return EDGES[report[1]] / 1000


class ReferenceShares(NamedTuple):
    """What is left and what happened after one time."""

    at: float
    survival: Number
    incidence: Number


def product_by_definition(of: Sequence[Report], weights: Sequence[Number] | None = None) -> list[ReferenceShares]:
    """The product over times of leaving, every risk set counted anew from single (weighted) reports."""
    weighed = list(zip(of, weights or [1.0] * len(of), strict=True))
    survival: Number = 1.0
    incidence: Number = 0.0
    shares = []
    for at in sorted({exit_bin(report) for report in of}):
        at_risk = sum(w for report, w in weighed if entry_bin(report) < at <= exit_bin(report))
        leaving = [(report, w) for report, w in weighed if exit_bin(report) == at and report[2] != OPEN]
        incidence += survival * sum(w for report, w in leaving if report[2] == STOPPED) / at_risk
        survival *= 1 - sum(w for _, w in leaving) / at_risk
        shares.append(ReferenceShares(at, survival, incidence))
    return shares


def standard_errors(of: Sequence[Report], figure: Callable[[list[ReferenceShares]], Sequence[Number]]) -> list[float]:
    """Standard errors by the infinitesimal jackknife: how a figure answers to the weight of each single report.

    Its derivative is exact to rounding, since the step goes into the imaginary direction. Without delayed entry this
    equals Greenwood's formula and its relatives, of which it shares nothing.
    """
    step = 1e-30
    squares: list[float] = []
    for i in range(len(of)):
        weights = [1.0 + step * 1j if j == i else 1.0 for j in range(len(of))]
        slopes = [complex(value).imag / step for value in figure(product_by_definition(of, weights))]
        squares = [s + slope**2 for s, slope in zip(squares or [0.0] * len(slopes), slopes, strict=True)]
    return [sqrt(square) for square in squares]


def has_no_one_left(of: Sequence[Report]) -> bool:
    """Whether at some time before the last everybody at risk ends."""
    return any(share.survival == 0 for share in product_by_definition(of)[:-1])


def square_roots(variances: Sequence[float]) -> list[float]:
    return [sqrt(variance) for variance in variances]


def fit_lifelines(of: Sequence[Report], **options: object) -> KaplanMeierFitter:
    ended = [report[2] != OPEN for report in of]
    fitter = KaplanMeierFitter()
    fitter.fit([exit_bin(report) for report in of], ended, **options)
    return fitter


def values_at(curve: Curve, fitter: KaplanMeierFitter, column: str) -> list[float]:
    return list(getattr(fitter, column).loc[[moment.at / 1000 for moment in curve.points]].to_numpy().ravel())


@FEWER_EXAMPLES
@given(reports([OPEN, STOPPED, OTHER]))
def test_survival_and_its_standard_error_are_those_of_lifelines(of: list[Report]) -> None:
    fitter = fit_lifelines(of)

    curve = estimate(Counter(of))

    survival = values_at(curve, fitter, "survival_function_")
    log_error = np.sqrt(values_at(curve, fitter, "_cumulative_sq_"))
    assert curve.survival == pytest.approx(survival, abs=EXACT)
    assert square_roots(curve.survival_variance) == pytest.approx(list(np.multiply(survival, log_error)), abs=EXACT)


@FEWER_EXAMPLES
@given(reports([OPEN, STOPPED, OTHER], ENTRIES), st.integers(1, 5))
def test_with_delayed_entry_they_are_still_those_of_lifelines(of: list[Report], staying: int) -> None:
    # lifelines gives up when early risk sets run empty, so that some stay in view here.
    of = of + [(FROM_START, OVERFLOW_BIN - 1, OPEN)] * staying
    fitter = fit_lifelines(of, entry=[entry_bin(report) for report in of])

    curve = estimate(Counter(of))

    survival = values_at(curve, fitter, "survival_function_")
    log_error = np.sqrt(values_at(curve, fitter, "_cumulative_sq_"))
    assert curve.survival == pytest.approx(survival, abs=EXACT)
    assert square_roots(curve.survival_variance) == pytest.approx(list(np.multiply(survival, log_error)), abs=EXACT)


@FEWER_EXAMPLES
@given(reports([OPEN, STOPPED], ENTRIES), st.integers(1, 5))
def test_the_interval_of_a_share_is_that_of_lifelines_where_nothing_competes(of: list[Report], staying: int) -> None:
    of = of + [(FROM_START, OVERFLOW_BIN - 1, OPEN)] * staying
    assume(any(report[2] == STOPPED for report in of))
    band = 1 - fit_lifelines(of, entry=[entry_bin(report) for report in of]).confidence_interval_

    curve = estimate(Counter(of))

    assert curve.method is Method.KAPLAN_MEIER
    for moment, share in zip(curve.points, curve.incidence, strict=True):
        if share > 0:
            high, low = band.loc[moment.at / 1000]
            assert curve.within(moment.at) == pytest.approx((share, low, high), abs=EXACT)


def fit_scikit(of: Sequence[Report], variance: str) -> tuple[np.ndarray, np.ndarray]:
    """Cumulative incidences and log-log limits by ending, from scikit-survival."""
    endings, times = np.array([report[2] for report in of]), np.array([exit_bin(report) for report in of])
    _, incidences, limits = cumulative_incidence_competing_risks(  # type: ignore[no-untyped-call]
        endings, times, conf_type="log-log", var_type=variance
    )
    return incidences, limits


@EXAMPLES
@given(reports([OPEN, STOPPED, OTHER, WITHDRAWN]))
def test_incidences_and_their_intervals_are_those_of_scikit_survival(of: list[Report]) -> None:
    # scikit-survival expects every ending to occur, and divides by 0 where nobody is left.
    of = [
        *of,
        (FROM_START, 3, STOPPED),
        (FROM_START, 3, OTHER),
        (FROM_START, 4, WITHDRAWN),
        (FROM_START, OVERFLOW_BIN - 1, OPEN),
    ]
    incidences, limits = fit_scikit(of, "Dinse_Approx")

    curves = [estimate(Counter(of), ending) for ending in (STOPPED, OTHER, WITHDRAWN)]

    for ending, curve in enumerate(curves, start=1):
        assert curve.method is Method.AALEN_JOHANSEN
        assert curve.incidence == pytest.approx(list(incidences[ending]), abs=EXACT)
        for k, moment in enumerate(curve.points):
            if curve.incidence[k] > 0:
                expected = (curve.incidence[k], *limits[ending, :, k])
                assert curve.within(moment.at) == pytest.approx(expected, abs=EXACT)


def test_its_default_variance_differs_little_with_few_ties() -> None:
    of = [(FROM_START, 3 * i, (STOPPED, OPEN, OTHER, STOPPED)[i % 4]) for i in range(300)]
    _, limits = fit_scikit(of, "Aalen")

    curve = estimate(Counter(of))

    last = curve.within(curve.points[-2].at)
    assert last is not None
    assert (last.low, last.high) == pytest.approx(tuple(limits[STOPPED, :, -2]), abs=2e-3)


@EXAMPLES
@given(reports([OPEN, STOPPED, OTHER, WITHDRAWN], ENTRIES))
def test_with_delayed_entry_incidences_are_the_product_written_out(of: list[Report]) -> None:
    expected = product_by_definition(of)
    assume(not has_no_one_left(of))

    curve = estimate(Counter(of))

    assert [moment.at / 1000 for moment in curve.points] == [share.at for share in expected]
    assert curve.survival == pytest.approx([share.survival for share in expected], abs=EXACT)
    assert curve.incidence == pytest.approx([share.incidence for share in expected], abs=EXACT)


@EXAMPLES
@given(reports([OPEN, STOPPED, OTHER]), st.integers(1, OVERFLOW_BIN - 3))
def test_a_curve_ends_before_an_early_exhaustion_and_agrees_until_then(of: list[Report], gone: int) -> None:
    early = [(entry, min(leaving, gone - 1), ending) for entry, leaving, ending in of]
    of = [*early, (FROM_START, gone, STOPPED), (gone, gone + 2, OPEN)]
    expected = [share for share in product_by_definition(of) if share.at < EDGES[gone] / 1000]

    curve = estimate(Counter(of))

    assert curve.incidence == pytest.approx([share.incidence for share in expected], abs=EXACT)
    assert curve.within(EDGES[gone - 1]) is not None
    assert curve.within(EDGES[gone]) is None
    assert curve.within(EDGES[-1]) is None


@FEWER_EXAMPLES
@given(reports([OPEN, STOPPED, OTHER]))
def test_the_variance_of_an_incidence_is_that_of_the_infinitesimal_jackknife(of: list[Report]) -> None:
    expected = standard_errors(of, lambda shares: [share.incidence for share in shares])

    curve = estimate(Counter(of))

    assert square_roots(curve.variance) == pytest.approx(expected, abs=1e-8)


@FEWER_EXAMPLES
@given(reports([OPEN, STOPPED, OTHER]), st.integers(1, OVERFLOW_BIN - 1))
def test_the_restricted_mean_and_its_error_are_those_of_the_area_written_out(of: list[Report], horizon: int) -> None:
    of = [*of, (FROM_START, OVERFLOW_BIN - 1, OPEN)]
    tau = EDGES[horizon] / 1000

    def area(shares: list[ReferenceShares]) -> list[Number]:
        starts = [ReferenceShares(0.0, 1.0, 0.0), *shares]
        ends = [*(share.at for share in shares), tau]
        return [
            sum(
                (1 - start.incidence) * (min(tau, end) - min(tau, start.at))
                for start, end in zip(starts, ends, strict=True)
            )
        ]

    restricted = estimate(Counter(of)).restricted_mean(EDGES[horizon])

    assert restricted is not None
    assert restricted.tau == tau
    assert restricted.value == pytest.approx(complex(area(product_by_definition(of))[0]).real, rel=EXACT)
    assert restricted.standard_error == pytest.approx(standard_errors(of, area)[0], rel=EXACT, abs=tau * EXACT)


@EXAMPLES
@given(st.lists(st.integers(1, 400 * DAY), min_size=1, max_size=50), st.sampled_from([0.5, 0.85, 0.9, 0.95]))
def test_on_raw_durations_a_quantile_lies_in_the_bin_of_the_raw_one(durations: list[int], p: float) -> None:
    rank = next(k for k in range(1, len(durations) + 1) if k / len(durations) >= p)
    raw = sorted(durations)[rank - 1]

    found = quantile(estimate(Counter((FROM_START, bin_of(duration), STOPPED) for duration in durations)), p)

    assert found.value == EDGES[bin_of(raw)] / 1000


def test_on_raw_durations_with_open_reports_a_median_is_at_most_a_bin_off() -> None:
    random = Random(11)
    waits = [round(random.lognormvariate(0, 1.5) * 20 * HOUR) for _ in range(3000)]
    ages = [round(random.uniform(0, 14 * DAY)) for _ in waits]
    seen = [(min(wait, age), wait <= age) for wait, age in zip(waits, ages, strict=True)]
    fitter = KaplanMeierFitter()
    fitter.fit([time for time, _ in seen], [ended for _, ended in seen])

    cells = Counter((FROM_START, bin_of(time), STOPPED if ended else OPEN) for time, ended in seen)
    found = median(estimate(cells)).value

    assert found is not None
    assert abs(bin_of(int(1000 * found)) - bin_of(int(fitter.median_survival_time_))) <= 1
