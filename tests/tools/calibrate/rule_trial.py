"""One trial of the product's rule: draw both windows of a platform, ask the rule, and compare with the truth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from streams.domain.cohorts.profile import ClockValue
from streams.domain.duration_bins import DAY, HOUR
from streams.domain.verdict.comparison.filed_weeks import FiledReports, Stratum, Window
from streams.domain.verdict.decision import Decision, DeclaredCell, Rule, Verdict, decide
from streams.domain.verdict.guards import Guard
from tests.tools.calibrate.closed_form import mean_wait
from tests.tools.calibrate.common_practice import is_faster_by_z_test, median_change
from tests.tools.calibrate.item_draws import Items, draw_windows
from tests.tools.calibrate.platform_world import USUAL, Conditions, PlatformWorld
from tests.tools.calibrate.weekly_pools import ACTION_CLOCK, DECISION_CLOCK, FIRST_WEEK, REVERSAL_CLOCK, pools

HORIZON: Final = 48 * HOUR
LEVEL: Final = 0.05
GUARDS: Final[Mapping[str, Guard]] = {
    "acted within 24 h": Guard(ACTION_CLOCK, within=DAY, margin=0.05, ripe_after=28 * DAY),
    "acted at all": Guard(ACTION_CLOCK, within=28 * DAY, margin=0.05, ripe_after=28 * DAY),
    "reversed": Guard(REVERSAL_CLOCK, within=28 * DAY, margin=0.02, ripe_after=58 * DAY, more_is_better=False),
}

_DAYS_UNTIL_COMPLETE: Final = 150
"""So long after the current window the platform's reports are known, and the rule is asked: every guard is ripe."""

Outcomes = Mapping[str, bool | float | None]
"""What a trial comes to, by name: something that holds or not, a number, or None where it does not apply."""


class Design(NamedTuple):
    """The weeks of the two windows, counted from the begin of a history."""

    baseline: range
    current: range


A_YEAR_APART: Final = Design(range(26), range(52, 78))
"""26 v 26: the same weeks a year later."""
QUARTER_AFTER: Final = Design(range(26), range(26, 39))
"""26 v 13: the quarter after the baseline."""


@dataclass(frozen=True)
class Trial:
    """A platform, the weeks of its two windows, and what holds in each of them."""

    world: PlatformWorld
    design: Design = A_YEAR_APART
    before: Conditions = USUAL
    after: Conditions = USUAL

    def draw(self, rng: np.random.Generator) -> list[Items]:
        """Return the items of both windows."""
        return draw_windows(self.world, (self.before, self.after), self.design, rng)

    @property
    def truth(self) -> float:
        """The true difference of the mean wait (ms) at the mix of the baseline."""
        before, after = (
            mean_wait(self.world, conditions, weeks, self.before, HORIZON)
            for conditions, weeks in zip((self.before, self.after), self.design, strict=True)
        )
        return after - before


def speed_outcomes(trial: Trial, rng: np.random.Generator) -> Outcomes:
    """Return what the rule says on speed, whether its interval has the truth, and what is concluded today."""
    windows = trial.draw(rng)
    (decision,) = decide([declared_cell(windows)], rule(trial.design), today(trial.design))
    return {**verdict_outcomes(decision), **_contrast_outcomes(decision, trial.truth), **_practice_outcomes(windows)}


def verdict_outcomes(decision: Decision) -> Outcomes:
    """Return for every verdict whether it is the decision's."""
    return {str(verdict): decision.verdict is verdict for verdict in Verdict}


def _contrast_outcomes(decision: Decision, truth: float) -> Outcomes:
    contrast = decision.contrast
    if contrast is None:
        return {"covered": None}
    return {
        "covered": contrast.low <= truth <= contrast.high,
        "bias, h": (contrast.difference - truth) / HOUR,
        "detectable, %": 100 * contrast.detectable / contrast.baseline,
    }


def _practice_outcomes(windows: Sequence[Items]) -> Outcomes:
    change = median_change(windows)
    return {
        "median fell": change < 0,
        "median fell by 5 %": change <= -0.05,
        "median fell by 10 %": change <= -0.10,
        "z test": is_faster_by_z_test(windows, HORIZON),
    }


def declared_cell(windows: Sequence[Items], clocks: Sequence[str] = (DECISION_CLOCK,)) -> DeclaredCell:
    """Return the reports of some windows as the product takes them."""
    reports = {clock: [report for items in windows for report in filed_reports(items, clock)] for clock in clocks}
    last_week = max(int(items.week.max()) for items in windows)
    return DeclaredCell(reports, (_first_day(last_week + 1) + _DAYS_UNTIL_COMPLETE) * DAY)


def filed_reports(items: Items, clock: str) -> list[FiledReports]:
    """Return the pools of a clock as the product takes them."""
    return [
        FiledReports(day, _stratum(harm, channel), entry_bin, _value(value, ending), reports)
        for day, harm, channel, _, entry_bin, value, ending, reports in pools(items, clock)
    ]


def rule(design: Design, guards: Mapping[str, Guard] | None = None, level: float = LEVEL) -> Rule:
    """Return the rule of a declaration with the defaults; without guards it judges speed alone."""
    return Rule(
        clock=DECISION_CLOCK,
        baseline=_window(design.baseline),
        current=_window(design.current),
        horizon=HORIZON,
        decide_on=_first_day(design.current.stop) + 3,
        level=level,
        least=0.05,
        same=0.15,
        guards=guards or {},
    )


def _window(weeks: range) -> Window:
    return Window(FIRST_WEEK + weeks.start, len(weeks))


def today(design: Design) -> int:
    """Return the day on which the rule is asked, since 1970."""
    return _first_day(design.current.stop) + _DAYS_UNTIL_COMPLETE


def _first_day(week: int) -> int:
    """Return the day on which a week of the history begins, since 1970."""
    return (FIRST_WEEK + week) * 7 - 3


@lru_cache
def _stratum(harm: str, channel: str) -> Stratum:
    return Stratum(harm, channel)


@lru_cache(maxsize=1 << 16)
def _value(value: int, ending: int) -> ClockValue:
    return ClockValue(b"", value, ending)
