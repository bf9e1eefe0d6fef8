"""The median and other quantiles, read from a curve."""

from bisect import bisect_left
from typing import Final

from streams.domain.duration_bins import SECOND
from streams.domain.survival.curve import Curve
from streams.domain.survival.interval import UNKNOWN, Interval

# Sums of floats that should be 0.5 may be slightly smaller.
_ROUNDING: Final = 1e-12


def median(curve: Curve) -> Interval:
    """Return the time by which half of the reports had the ending of interest, in seconds; see `quantile`."""
    return quantile(curve, 0.5)


def quantile(curve: Curve, p: float) -> Interval:
    """Return the time by which a share `p` had the ending of interest, in seconds (the upper edge of its bin).

    The limits are where the log-log bands cross `p` (Brookmeyer and Crowley 1982). None means not reached or not
    known; `is_reached` distinguishes the two. Raises ValueError unless 0 < p < 1.
    """
    if not 0 < p < 1:
        raise ValueError(f"expected a share between 0 and 1, both excluded, got {p}")
    if not curve.exposure.is_measurable:
        return UNKNOWN
    lower, upper = curve.bands
    target = p - _ROUNDING
    reached = bisect_left(curve.incidence, target)
    low = next((k for k, share in enumerate(upper[:reached]) if share >= target), reached)
    high = next((k for k, share in enumerate(lower[reached:], reached) if share >= target), None)
    return Interval(*(_time_in_seconds(curve, k) for k in (reached, low, high)))


def is_reached(curve: Curve, p: float) -> bool | None:
    """Return whether a share `p` had the ending of interest, or None if this is not known.

    False only if the curve is known up to the last report that was seen, and stays below `p`. Raises as `quantile`.
    """
    if quantile(curve, p).value is not None:
        return True
    return None if curve.ends_early or not curve.exposure.is_measurable else False


def _time_in_seconds(curve: Curve, k: int | None) -> float | None:
    return None if k is None or k == len(curve.points) else curve.points[k].at / SECOND
