"""Values with their 95 % intervals."""

from math import exp, log, sqrt
from typing import Final, NamedTuple

# The 97.5 % point of the standard normal distribution: every interval here is a two-sided 95 % one.
_Z: Final = 1.959963984540054

# exp() of more than this overflows; a share to such a power is 0 or 1 in any case.
_LARGEST_EXPONENT: Final = 700.0


class Interval(NamedTuple):
    """A value and the limits of its 95 % interval, in the unit of the value (seconds, or a share in [0, 1]).

    None is an answer: a quantile that is not reached or not known, or a limit that the data cannot give.
    """

    value: float | None
    low: float | None
    high: float | None


UNKNOWN: Final = Interval(None, None, None)
"""The answer where nothing is known."""


def log_log(share: float, standard_error: float) -> tuple[float, float]:
    """Return the limits of the log-log interval of a share; a share of 0 or 1 has no width here.

    The limits are share ** exp(±z · se / (share · ln share)): symmetric on the scale ln(-ln share), never outside
    [0, 1]. Source: Kalbfleisch and Prentice, The Statistical Analysis of Failure Time Data, 2nd ed., section 1.4.
    """
    if share <= 0 or share >= 1:
        return share, share
    stretch = exp(min(-_Z * standard_error / (share * log(share)), _LARGEST_EXPONENT))
    return share**stretch, share ** (1 / stretch)


def wilson(successes: float, trials: float, z: float = _Z) -> Interval:
    """Return the Wilson score interval of a proportion; UNKNOWN without trials.

    `z` is how many standard errors lie on either side; the default gives 95 %. `trials` may be an effective number with
    a fraction. Source: Wilson, J. Am. Stat. Assoc. 22 (1927) 209.
    """
    if trials <= 0:
        return UNKNOWN
    share = successes / trials
    shrink = 1 + z**2 / trials
    centre = (share + z**2 / (2 * trials)) / shrink
    half = z * sqrt(share * (1 - share) / trials + (z / (2 * trials)) ** 2) / shrink
    low = 0.0 if successes <= 0 else max(0.0, centre - half)
    high = 1.0 if successes >= trials else min(1.0, centre + half)
    return Interval(share, low, high)
