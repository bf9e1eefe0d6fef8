"""Intervals cover the truth about as often as they say, where reports are independent."""

from collections import Counter
from collections.abc import Iterator
from math import exp
from random import Random

import pytest

from streams.domain.duration_bins import DAY, EDGES, HOUR, MINUTE, bin_of
from streams.domain.survival import (
    FROM_START,
    OPEN,
    STOPPED,
    UNKNOWN,
    Curve,
    closed_only_median,
    estimate,
    median,
    quantile,
    wilson,
)

OTHER = 2
COHORTS = 500
REPORTS = 120


@pytest.mark.parametrize(("successes", "trials"), [(0, 1), (0, 40), (1, 1), (3, 7), (20, 40), (39, 40), (40, 40)])
def test_the_limits_of_wilson_are_the_shares_that_a_score_test_just_admits(successes: int, trials: int) -> None:
    share, low, high = wilson(successes, trials)

    assert share == successes / trials
    assert low is not None
    assert high is not None
    assert low < high
    for limit in (low, high):
        variance = limit * (1 - limit) / trials
        assert (share - limit) ** 2 == pytest.approx(1.959963984540054**2 * variance, abs=1e-12)


def test_a_proportion_of_nothing_is_unknown() -> None:
    assert wilson(0, 0) == UNKNOWN


def simulated_curves(competing: float, late_share: float) -> Iterator[Curve]:
    """Cohorts acted on at rate 1 per 10 h, ended otherwise at rate `competing`, filed evenly over the last 3 days."""
    random = Random(20_260_101)
    for _ in range(COHORTS):
        yield estimate(Counter(_report(random, competing, late_share) for _ in range(REPORTS)))


def _report(random: Random, competing: float, logged_late: float) -> tuple[int, int, int]:
    age = round(random.uniform(0, 3 * DAY))
    rate = 0.1 + competing
    waits = round(random.expovariate(rate) * HOUR)
    ending = STOPPED if random.random() < 0.1 / rate else OTHER
    entry = bin_of(round(random.uniform(15, 60) * MINUTE)) if random.random() < logged_late else FROM_START
    return (entry, bin_of(min(waits, age)), ending if waits < age else OPEN)


def true_share(competing: float, hours: float) -> float:
    rate = 0.1 + competing
    return 0.1 / rate * (1 - exp(-rate * hours))


@pytest.mark.parametrize(("competing", "logged_late"), [(0.0, 0.0), (0.05, 0.0), (0.05, 0.3)])
def test_the_interval_of_a_share_covers_the_truth_as_often_as_it_says(competing: float, logged_late: float) -> None:
    truth = true_share(competing, 12)

    shares = [interval for curve in simulated_curves(competing, logged_late) if (interval := curve.within(12 * HOUR))]

    covered = sum((share.low or 0) <= truth <= (share.high or 1) for share in shares) / len(shares)
    mean_share = sum(share.value or 0 for share in shares) / len(shares)
    assert len(shares) > 0.9 * COHORTS
    assert mean_share == pytest.approx(truth, abs=0.01)
    assert 0.92 < covered < 0.98


def test_the_interval_of_a_median_covers_the_truth_as_often_as_it_says() -> None:
    truth = next(edge for edge in EDGES if true_share(0, edge / HOUR) >= 0.5) / 1000

    medians = [median(curve) for curve in simulated_curves(0, 0)]

    covered = sum((m.low or 0) <= truth <= (m.high or truth) for m in medians) / len(medians)
    assert 0.92 < covered < 0.985


def test_the_restricted_mean_scatters_as_much_as_its_standard_error_says() -> None:
    means = [restricted for curve in simulated_curves(0.05, 0) if (restricted := curve.restricted_mean(24 * HOUR))]

    centre = sum(restricted.value for restricted in means) / len(means)
    scatter = (sum((restricted.value - centre) ** 2 for restricted in means) / len(means)) ** 0.5
    claimed = (sum(restricted.standard_error**2 for restricted in means) / len(means)) ** 0.5
    assert len(means) > 0.95 * COHORTS
    assert claimed == pytest.approx(scatter, rel=0.1)


def test_the_median_of_closed_reports_alone_is_too_short_and_the_estimate_is_not() -> None:
    random = Random(7)
    cells = Counter(_report(random, 0.0, 0.0) for _ in range(5000))
    slow = Counter(
        {(entry, leaving, ending): n for (entry, leaving, ending), n in cells.items() if leaving < bin_of(8 * HOUR)}
    )
    slow[FROM_START, bin_of(8 * HOUR), OPEN] = cells.total() - slow.total()

    closed, honest = closed_only_median(slow), quantile(estimate(slow), 0.4)

    assert closed is not None
    assert closed < 0.6 * 6.93 * 3600
    assert honest.value == pytest.approx(5.1 * 3600, rel=0.05)
