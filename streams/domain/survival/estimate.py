"""Estimate the curve of a cohort from its cells."""

from collections.abc import Sequence

from streams.domain.duration_bins import EDGES, edge_index
from streams.domain.survival.curve import Curve, Method
from streams.domain.survival.product_limit import aalen_johansen, incidence_variance, kaplan_meier
from streams.domain.survival.risk_table import STOPPED, Cells, TimePoint, build_risk_table


def estimate(cells: Cells, interest: int = STOPPED) -> Curve:
    """Return the curve of `cells` for the ending of interest, in time proportional to cells and bins.

    The method is Kaplan-Meier without competing endings, else Aalen-Johansen. Raises ValueError for a cell outside of
    the duration bins or a negative count.
    """
    table = build_risk_table(cells, interest)
    points = _until_exhausted(table.points)
    survival, survival_variance = kaplan_meier(points)
    if all(point.ended == point.events for point in points):
        method, variance = Method.KAPLAN_MEIER, survival_variance
        incidence = [1 - share for share in survival]
    else:
        method, incidence = Method.AALEN_JOHANSEN, aalen_johansen(points, survival)
        variance = incidence_variance(points, survival, incidence)
    return Curve(
        exposure=table.exposure,
        method=method,
        points=points,
        survival=tuple(survival),
        survival_variance=tuple(survival_variance),
        incidence=tuple(incidence),
        variance=tuple(variance),
        known_from=table.first_entry,
        known_to=_known_to(table.points, len(points)),
        observed_to=table.points[-1].at if table.points else 0,
    )


def _until_exhausted(points: tuple[TimePoint, ...]) -> tuple[TimePoint, ...]:
    """Return the points before all reports at risk have ended although other reports enter later.

    From that point on the product would be 0, although the later reports are known to have waited longer. The reports
    at risk give no further information, so the curve ends before that point.
    """
    for k, point in enumerate(points[:-1]):
        if point.ended == point.at_risk:
            return points[:k]
    return points


def _known_to(points: Sequence[TimePoint], kept: int) -> int:
    """Return the last time, in milliseconds, at which the shares are known."""
    if kept < len(points):
        exhausted = edge_index(points[kept].at)
        return EDGES[exhausted - 1] if exhausted else 0
    if not points:
        return 0
    last = points[-1]
    # When no report is left at risk, the shares do not change any more.
    return EDGES[-1] if last.ended == last.at_risk else last.at
