"""Compare a figure between two windows at the mix of the first, with an interval that allows for dependent weeks."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import cos, pi, sqrt
from typing import Final, NamedTuple

from streams.domain.verdict.comparison.estimand import Estimand
from streams.domain.verdict.comparison.filed_weeks import Strata, Stratum, Window
from streams.domain.verdict.comparison.strata import StratumSide, common_strata
from streams.domain.verdict.comparison.student_t import quantile, upper_tail
from streams.domain.verdict.comparison.week_estimates import exposed_count

_CONFIDENCE: Final = 0.975
_POWER: Final = 0.8
_LONG_WINDOW_WEEKS: Final = 26
_DEFAULT_DF: Final = 8.0
"""Degrees of freedom where no week differs from another, so that nothing tells them."""


class Contrast(NamedTuple):
    """A figure in both windows, and the difference, current minus baseline; in milliseconds, or shares.

    `low` and `high` are the 95 % interval of the difference, `detectable` the smallest difference that is found with
    80 %. `covered`: the part of the exposed reports that is in common strata, of the window where this is less.
    `autocorrelation`: the first autocorrelation of the weekly pseudo-values, of the window where it is larger.
    """

    baseline: float
    current: float
    standard_error: float
    df: float
    covered: float
    strata: tuple[Stratum, ...]
    autocorrelation: float

    @property
    def difference(self) -> float:
        """The current figure minus that of the baseline."""
        return self.current - self.baseline

    @property
    def p_value(self) -> float:
        """The two-sided p value of no difference."""
        if not self.standard_error:
            return 1.0
        return 2 * upper_tail(abs(self.difference) / self.standard_error, self.df)

    @property
    def low(self) -> float:
        """The lower limit of the 95 % interval of the difference."""
        return self.difference - self.margin(_CONFIDENCE)

    @property
    def high(self) -> float:
        """The upper limit of the 95 % interval of the difference."""
        return self.difference + self.margin(_CONFIDENCE)

    @property
    def detectable(self) -> float:
        """The difference that a comparison of this size finds with 80 %."""
        return self.margin(_CONFIDENCE) + self.margin(_POWER)

    def margin(self, probability: float) -> float:
        """Return the standard error times the quantile of Student's t."""
        return quantile(probability, self.df) * self.standard_error


class _StandardisedSide(NamedTuple):
    """The figure of one window, and one pseudo-value of it for each week."""

    value: float
    pseudo_values: Sequence[float]


def compare(strata: Sequence[Strata], windows: Sequence[Window], estimand: Estimand) -> Contrast | None:
    """Return the contrast of two windows, baseline first; None without a common stratum.

    Direct standardisation: each stratum has the weight of its exposed reports in the baseline. The variance of a side is
    the long-run variance of the pseudo-values of its weeks; degrees of freedom are Satterthwaite's (1946).
    """
    # In one order, so that every process adds the same floats in the same order and gives the same digits.
    common = dict(sorted(common_strata(strata, estimand).items()))
    totals = [_exposed(side) for side in strata]
    if not common or not all(totals):
        return None
    weights = _weights(common)
    sides = [
        _standardised({name: sides[place] for name, sides in common.items()}, weights, window)
        for place, window in enumerate(windows)
    ]
    variances = [long_run_variance(side.pseudo_values) for side in sides]
    variance = sum(variances)
    spread = sum(one * one / cosine_count(window.weeks) for one, window in zip(variances, windows, strict=True))
    return Contrast(
        baseline=sides[0].value,
        current=sides[1].value,
        standard_error=sqrt(variance),
        df=variance * variance / spread if spread else _DEFAULT_DF,
        covered=min(
            sum(sides[place].exposed for sides in common.values()) / total for place, total in enumerate(totals)
        ),
        strata=tuple(common),
        autocorrelation=max(first_autocorrelation(side.pseudo_values) for side in sides),
    )


def cosine_count(weeks: int) -> int:
    """Return how many slow cosines estimate the variance of a window; also its degrees of freedom."""
    return 6 if weeks >= _LONG_WINDOW_WEEKS else 4


def long_run_variance(values: Sequence[float]) -> float:
    """Return the variance of the mean of dependent weekly values, from its slowest cosines.

    Equal-weighted cosines: Mueller (2007); Lazarus, Lewis, Stock and Watson (2018).
    """
    weeks, count = len(values), cosine_count(len(values))
    scale = sqrt(2 / weeks)
    coefficients = (
        scale * sum(value * cos(pi * place * (week + 0.5) / weeks) for week, value in enumerate(values))
        for place in range(1, count + 1)
    )
    return sum(one * one for one in coefficients) / (count * weeks)


def first_autocorrelation(values: Sequence[float]) -> float:
    """Return the correlation of weekly values with those of the week before; 0 if they are all equal."""
    average = sum(values) / len(values)
    deviations = [value - average for value in values]
    total = sum(one * one for one in deviations)
    return sum(one * next_one for one, next_one in pairwise(deviations)) / total if total else 0.0


def _exposed(strata: Strata) -> int:
    return sum(exposed_count(cells) for weeks in strata.values() for cells in weeks.values())


def _weights(common: Mapping[Stratum, tuple[StratumSide, ...]]) -> dict[Stratum, float]:
    whole = sum(sides[0].exposed for sides in common.values())
    return {name: sides[0].exposed / whole for name, sides in common.items()}


def _standardised(
    sides: Mapping[Stratum, StratumSide], weights: Mapping[Stratum, float], window: Window
) -> _StandardisedSide:
    """Return the standardised figure of one window, with its delete-a-week pseudo-values (Miller 1974)."""
    whole = sum(weights[name] * side.estimates.whole for name, side in sides.items())
    pseudo_values = []
    for week in range(window.first_week, window.first_week + window.weeks):
        without = sum(
            weights[name] * side.estimates.without.get(week, side.estimates.whole) for name, side in sides.items()
        )
        pseudo_values.append(window.weeks * whole - (window.weeks - 1) * without)
    return _StandardisedSide(whole, pseudo_values)
