"""The curve of a cohort, with shares within a limit and restricted means; median.py reads quantiles from it."""

from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from math import sqrt
from typing import NamedTuple

from streams.domain.duration_bins import SECOND, edge_index
from streams.domain.survival.interval import Interval, log_log, wilson
from streams.domain.survival.product_limit import area_below, area_variance
from streams.domain.survival.risk_table import Exposure, TimePoint


class Method(StrEnum):
    """How the share with the ending of interest was estimated."""

    KAPLAN_MEIER = "kaplan-meier"
    AALEN_JOHANSEN = "aalen-johansen"


class RestrictedMean(NamedTuple):
    """The mean time without the ending of interest, counted up to `tau` only; all in seconds."""

    tau: float
    value: float
    standard_error: float


@dataclass(frozen=True)
class Curve:
    """The shares of a cohort over time, at every instant at which a report ended or was last seen open.

    The four sequences belong to `points`, and each value holds until the next point: `survival` (S) is the share
    without any ending, `incidence` (F) the share with the ending of interest. Nothing is known at or before
    `known_from` nor after `known_to` (milliseconds); methods return None there. `observed_to` is when the last report
    was seen; the curve may end earlier.
    """

    exposure: Exposure
    method: Method
    points: tuple[TimePoint, ...]
    survival: tuple[float, ...]
    survival_variance: tuple[float, ...]
    incidence: tuple[float, ...]
    variance: tuple[float, ...]
    known_from: int
    known_to: int
    observed_to: int

    @property
    def ends_early(self) -> bool:
        """Whether the curve ends before the last report was seen: all at risk had ended, and others entered later."""
        return self.known_to < self.observed_to

    def within(self, limit: int) -> Interval | None:
        """Return the share with the ending of interest within `limit` milliseconds, or None if it is not known.

        Raises ValueError for a limit that is no edge of the duration bins.
        """
        edge_index(limit)
        if not self._is_known_at(limit):
            return None
        k = bisect_right(self._times, limit) - 1
        if k < 0 or self.incidence[k] <= 0:
            return Interval(0.0, 0.0, wilson(0, self._effective_count_at_zero(k, limit)).high)
        low, high = self.bands
        return Interval(self.incidence[k], low[k], high[k])

    def restricted_mean(self, tau: int) -> RestrictedMean | None:
        """Return the area below 1 - F from 0 to `tau` milliseconds, or None if F is not known up to `tau`.

        Raises ValueError for a `tau` that is no edge of the duration bins.
        """
        edge_index(tau)
        if not self._is_known_at(tau):
            return None
        return RestrictedMean(
            tau=tau / SECOND,
            value=area_below(self.points, self.incidence, tau) / SECOND,
            standard_error=sqrt(area_variance(self.points, self.survival, self.incidence, tau)) / SECOND,
        )

    def _is_known_at(self, at: int) -> bool:
        return self.exposure.is_measurable and self.known_from < at <= self.known_to

    def _effective_count_at_zero(self, k: int, limit: int) -> float:
        """Return the effective number of reports behind a share of 0 at `limit`."""
        if k < 0:
            return self.exposure.from_start
        point = self.points[k]
        left = point.at_risk - point.ended - point.censored
        if point.at < limit and self.survival[k] > 0:
            return left / self.survival[k]
        return self._effective_count(k)

    def _effective_count(self, k: int) -> float:
        """Return the effective number of reports at point `k`: at risk, divided by S just before it (Peto 1977)."""
        before = self.survival[k - 1] if k else 1.0
        # With delayed entry, S may become smaller than a float can hold.
        return self.points[k].at_risk / (before or 1.0)

    @cached_property
    def _times(self) -> tuple[int, ...]:
        return tuple(point.at for point in self.points)

    @cached_property
    def bands(self) -> tuple[list[float], list[float]]:
        """Return the lower and the upper log-log limits of F; without competing endings, 1 minus the limits of S."""
        errors = [sqrt(variance) for variance in self.variance]
        if self.method is Method.AALEN_JOHANSEN:
            limits = [log_log(share, error) for share, error in zip(self.incidence, errors, strict=True)]
            return [low for low, _ in limits], [high for _, high in limits]
        limits = [log_log(share, error) for share, error in zip(self.survival, errors, strict=True)]
        lower, upper = [1 - high for _, high in limits], [1 - low for low, _ in limits]
        if self.survival and self.survival[-1] <= 0:
            # Every report had the event, so log-log limits have no width; Wilson limits of the last step replace them.
            behind = self._effective_count(len(self.points) - 1)
            lower[-1] = wilson(behind, behind).low or 0.0
        return lower, upper
