"""Student's t distribution: tail probability and quantile, with real degrees of freedom."""

from collections.abc import Iterator
from functools import lru_cache
from math import exp, lgamma, log, log1p, pi
from typing import Final

_TINY: Final = 1e-300
_PRECISION: Final = 1e-16
_LAST_STEP: Final = 1e-9
_MEDIAN: Final = 0.5
_MAX_TERMS: Final = 1_000


def upper_tail(t: float, df: float) -> float:
    """Return P(T > t) for `df` degrees of freedom, by the regularised incomplete beta function."""
    half = _incomplete_beta(df / 2, 0.5, df / (df + t * t)) / 2
    return half if t >= 0 else 1 - half


@lru_cache(maxsize=1_024)
def quantile(p: float, df: float) -> float:
    """Return the value that T exceeds with probability 1 - `p`; raises ValueError unless 1/2 <= p < 1.

    The tail is convex above 0, so Newton's steps from 0 approach the quantile from below. An error squares with each
    step: after a step below `_LAST_STEP` nothing is left that a float can hold.
    """
    if not _MEDIAN <= p < 1:
        raise ValueError(f"expected a probability from 0.5 to below 1, got {p}")
    t, step = 0.0, 1.0
    while step > _LAST_STEP * (1 + t):
        step = (upper_tail(t, df) - (1 - p)) / _density(t, df)
        t += step
    return t


def _density(t: float, df: float) -> float:
    log_scale = lgamma((df + 1) / 2) - lgamma(df / 2) - log(df * pi) / 2
    return exp(log_scale - (df + 1) / 2 * log1p(t * t / df))


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    # The fraction converges fast on this side of the mean; on the other side, I_x(a, b) = 1 - I_(1-x)(b, a).
    if x < (a + 1) / (a + b + 2):
        return front * _continued_fraction(a, b, x) / a
    return 1 - front * _continued_fraction(b, a, 1 - x) / b


def _continued_fraction(a: float, b: float, x: float) -> float:
    """Evaluate the fraction of the incomplete beta function (DLMF 8.17.22) by Lentz' method (1976)."""
    upper, lower, value = 1.0, 0.0, 1.0
    for numerator in _partial_numerators(a, b, x):
        lower = 1 / (1 + numerator * lower or _TINY)
        upper = 1 + numerator / upper or _TINY
        factor = upper * lower
        value *= factor
        if abs(factor - 1) < _PRECISION:
            break
    return 1 / value


def _partial_numerators(a: float, b: float, x: float) -> Iterator[float]:
    for m in range(_MAX_TERMS):
        yield -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        n = m + 1
        yield n * (b - n) * x / ((a + 2 * n - 1) * (a + 2 * n))
