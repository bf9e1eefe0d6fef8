"""From the cells of a cohort to its curve."""

from collections.abc import Sequence

from streams.domain.duration_bins import EDGES, edge_index
from streams.domain.survival.curve import Curve, Method
from streams.domain.survival.product_limit import aalen_johansen, incidence_variance, kaplan_meier
from streams.domain.survival.risk_table import STOPPED, Cells, Moment, tally


def estimate(cells: Cells, interest: int = STOPPED) -> Curve:
    """Return the curve of `cells` for the ending of interest, in time proportional to cells and bins.

    Kaplan-Meier where nothing competed, else Aalen-Johansen. Raises ValueError for a cell off the grid or a negative
    count.
    """
    table = tally(cells, interest)
    moments = _before_exhaustion(table.moments)
    survival, survival_variance = kaplan_meier(moments)
    if all(moment.ended == moment.events for moment in moments):
        method, variance = Method.KAPLAN_MEIER, survival_variance
        incidence = [1 - share for share in survival]
    else:
        method, incidence = Method.AALEN_JOHANSEN, aalen_johansen(moments, survival)
        variance = incidence_variance(moments, survival, incidence)
    return Curve(
        exposure=table.exposure,
        method=method,
        moments=moments,
        survival=tuple(survival),
        survival_variance=tuple(survival_variance),
        incidence=tuple(incidence),
        variance=tuple(variance),
        known_from=table.first_entry,
        known_to=_known_to(table.moments, len(moments)),
        observed_to=table.moments[-1].at if table.moments else 0,
    )


def _before_exhaustion(moments: tuple[Moment, ...]) -> tuple[Moment, ...]:
    """Return the moments up to where everybody at risk ended although others entered later.

    The product would be 0 from there for ever, while the later ones are known to have waited longer. What was at
    risk says nothing further, so the curve ends before that moment.
    """
    for k, moment in enumerate(moments[:-1]):
        if moment.ended == moment.at_risk:
            return moments[:k]
    return moments


def _known_to(moments: Sequence[Moment], kept: int) -> int:
    """Return the last time, in milliseconds, at which the shares are known."""
    if kept < len(moments):
        exhausted = edge_index(moments[kept].at)
        return EDGES[exhausted - 1] if exhausted else 0
    if not moments:
        return 0
    last = moments[-1]
    # With nobody left to wait, the shares stay as they are.
    return EDGES[-1] if last.ended == last.at_risk else last.at
