"""What a comparison could find, estimated before anyone declares it, from the reports at hand."""

from math import sqrt
from typing import Final, NamedTuple

from streams.domain.duration_bins import DAY
from streams.domain.verdict.comparison.contrast import compare, cosine_count
from streams.domain.verdict.comparison.estimand import Estimand, Kind
from streams.domain.verdict.comparison.filed_weeks import Window, reports_by_window
from streams.domain.verdict.decision import MIN_WEEKS, DeclaredCell, Rule, window_size

_WEEK: Final = 7 * DAY


class Outlook(NamedTuple):
    """The mean wait in a window at hand, and the smallest change that a comparison would find with 80 %; milliseconds."""

    window: Window
    reports: int
    mean_wait: float
    detectable: float


def latest_window(rule: Rule, complete_through: int) -> Window:
    """Return the window that stands for the baseline: the baseline itself if it is over, else the latest whole weeks."""
    last_known = complete_through - rule.horizon
    if rule.baseline.end <= last_known:
        return rule.baseline
    return rule.baseline._replace(first_week=rule.baseline.first_week - -(-(rule.baseline.end - last_known) // _WEEK))


def estimate_outlook(cell: DeclaredCell, rule: Rule, window: Window) -> Outlook | None:
    """Return what a comparison could find if the current window is as variable as `window`.

    The variance of a window is taken to be inverse to its number of weeks. None with too few reports or weeks, or if more
    than 5 % of the reports were published on closing.
    """
    windows = (window, window)
    strata = reports_by_window(cell.reports.get(rule.clock, ()), windows, cell.complete_through)
    size = window_size(strata[0])
    contrast = compare(strata, windows, Estimand(Kind.MEAN_WAIT, rule.horizon))
    if contrast is None or size.weeks < MIN_WEEKS or size.is_published_on_closing:
        return None
    baseline = contrast.standard_error**2 / 2
    current = baseline * rule.baseline.weeks / rule.current.weeks
    variance = baseline + current
    spread = baseline**2 / cosine_count(rule.baseline.weeks) + current**2 / cosine_count(rule.current.weeks)
    expected = contrast._replace(standard_error=sqrt(variance), df=variance**2 / spread if spread else contrast.df)
    return Outlook(window, size.reports, contrast.baseline, expected.detectable)
