"""The product-limit estimators and their variances, each in one pass over the points of a risk table.

S is the share without any ending (Kaplan and Meier 1958), F the share with the ending of interest (Aalen and
Johansen 1978). Both use the same points; each value holds from its point until the next.
"""

from collections.abc import Sequence

from streams.domain.survival.risk_table import TimePoint


def kaplan_meier(points: Sequence[TimePoint]) -> tuple[list[float], list[float]]:
    """Return S after each point, and its variance by Greenwood's formula: S² Σ d / (n (n - d)).

    Where all reports at risk end, S and its variance are 0.
    """
    survival, greenwood = 1.0, 0.0
    shares, variances = [], []
    for _, at_risk, ended, _, _ in points:
        left = at_risk - ended
        survival *= left / at_risk
        if left:
            greenwood += ended / (at_risk * left)
        shares.append(survival)
        variances.append(survival * survival * greenwood)
    return shares, variances


def aalen_johansen(points: Sequence[TimePoint], survival: Sequence[float]) -> list[float]:
    """Return F after each point: the sum of S just before a point, times the share of those at risk with the event."""
    incidence, before = 0.0, 1.0
    shares = []
    for point, after in zip(points, survival, strict=True):
        incidence += before * point.events / point.at_risk
        before = after
        shares.append(min(incidence, 1.0))
    return shares


def incidence_variance(
    points: Sequence[TimePoint], survival: Sequence[float], incidence: Sequence[float]
) -> list[float]:
    """Return the variance of F after each point, by the delta method (Dinse and Larson 1986, equation 6).

    For n at risk, d endings and e events at point k, S just before it and Δ = F(t) - F(k):
    Σ Δ² d / (n (n - d)) + Σ S² e (n - e) / n³ - 2 Σ Δ S e / n². Without competing endings this is Greenwood's formula,
    without censoring F (1 - F) / n. The sums are updated by recurrences in F, so one pass is enough.
    """
    spread = pull = weight = own = drag = slope = 0.0
    last, before = 0.0, 1.0
    variances = []
    for (_, n, ended, events, _), after, now in zip(points, survival, incidence, strict=True):
        step, last = now - last, now
        spread += step * (2 * pull + step * weight)
        pull += step * weight
        drag += step * slope
        own += before * before * events * (n - events) / n**3
        slope += before * events / n**2
        if n > ended:
            weight += ended / (n * (n - ended))
        before = after
        variances.append(max(0.0, spread + own - 2 * drag))
    return variances


def area_below(points: Sequence[TimePoint], incidence: Sequence[float], until: int) -> float:
    """Return the integral of 1 - F from 0 to `until`, in milliseconds."""
    area, since, share_without = 0.0, 0, 1.0
    for point, share in zip(points, incidence, strict=True):
        if point.at >= until:
            break
        area += share_without * (point.at - since)
        since, share_without = point.at, 1 - share
    return area + share_without * (until - since)


def area_variance(
    points: Sequence[TimePoint], survival: Sequence[float], incidence: Sequence[float], until: int
) -> float:
    """Return the variance of the area below 1 - F up to `until`, in milliseconds squared.

    By the delta method: one report's ending at point k changes the area by -H n / (n - d), where H is the integral of
    F(u) - F(k) from k to `until`, and additionally by S (until - k) if the ending is the event. The endings among the n
    at risk are multinomial. Without competing endings this is Σ (area of S beyond k)² d / (n (n - d)).
    """
    variance, beyond, later = 0.0, 0.0, until
    ahead: float | None = None
    for k in range(len(points) - 1, -1, -1):
        at, n, ended, events, _ = points[k]
        if at >= until:
            continue
        if ahead is not None:
            beyond += (ahead - incidence[k]) * (until - later)
        pushed = -beyond * n / (n - ended) if n > ended else 0.0
        gained = pushed + (survival[k - 1] if k else 1.0) * (until - at)
        total = events * gained + (ended - events) * pushed
        variance += (events * gained**2 + (ended - events) * pushed**2 - total**2 / n) / n**2
        ahead, later = incidence[k], at
    return max(0.0, variance)
