"""What can be said before the day of decision: a figure with a wide interval, since it is looked at every week."""

from typing import Final, NamedTuple

from streams.domain.duration_bins import DAY
from streams.domain.verdict.comparison.contrast import Contrast, compare
from streams.domain.verdict.comparison.estimand import Estimand, Kind
from streams.domain.verdict.comparison.filed_weeks import Window, reports_by_window
from streams.domain.verdict.decision import DeclaredCell, Rule

_MIN_WEEKS: Final = 8
_ERROR: Final = 0.05
_WEEK: Final = 7 * DAY


class SoFar(NamedTuple):
    """The comparison of the baseline with the current weeks that are old enough; `window` are these weeks.

    `low` and `high` are an interval of the difference (milliseconds) that holds at every weekly look together with 95 %:
    each look has the confidence 1 - 0.05 / looks (Bonferroni).
    """

    window: Window
    contrast: Contrast
    low: float
    high: float


def compare_so_far(cell: DeclaredCell, rule: Rule) -> SoFar | None:
    """Return the comparison so far; None before eight weeks are old enough, or without a common stratum.

    A week is old enough when all of its reports are known up to the horizon.
    """
    window = _mature_weeks(rule, cell.complete_through)
    if window.weeks < _MIN_WEEKS:
        return None
    windows = (rule.baseline, window)
    strata = reports_by_window(cell.reports.get(rule.clock, ()), windows, cell.complete_through)
    contrast = compare(strata, windows, Estimand(Kind.MEAN_WAIT, rule.horizon))
    if contrast is None:
        return None
    margin = contrast.margin(1 - _ERROR / (rule.current.weeks - _MIN_WEEKS + 1) / 2)
    return SoFar(window, contrast, contrast.difference - margin, contrast.difference + margin)


def _mature_weeks(rule: Rule, complete_through: int) -> Window:
    weeks = (complete_through - rule.horizon - rule.current.start) // _WEEK
    return rule.current._replace(weeks=max(0, min(weeks, rule.current.weeks)))
