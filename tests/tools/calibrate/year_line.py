"""The line of a year: fifty declared platforms without a change, two dates, and whether any is called faster."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from streams.domain.verdict.decision import Decision, Verdict, decide
from tests.tools.calibrate.common_practice import is_faster_by_z_test, median_change
from tests.tools.calibrate.item_draws import Items, draw_windows
from tests.tools.calibrate.line import Line, Row
from tests.tools.calibrate.platform_world import SHOCKS, USUAL
from tests.tools.calibrate.rule_trial import HORIZON, LEVEL, Design, Outcomes, declared_cell, rule, today
from tests.tools.calibrate.speed_lines import draw_platform

PLATFORMS: Final = 50
_HALVES: Final = (range(26), range(26, 52), range(52, 78), range(78, 104))
_DATES: Final = (Design(_HALVES[0], _HALVES[2]), Design(_HALVES[1], _HALVES[3]))


def year_outcomes(rng: np.random.Generator, platforms: int = PLATFORMS) -> Outcomes:
    """Return what is said in a year of platforms that did not change: shares of the year's comparisons, and "any"."""
    histories = [_draw_history(rng) for _ in range(platforms)]
    decisions = [decision for design in _DATES for decision in _decide_date(histories, design)]
    pairs = [_windows(history, design) for design in _DATES for history in histories]
    covered = [one.contrast.low <= 0 <= one.contrast.high for one in decisions if one.contrast]
    uncorrected = [_is_faster_alone(one) for one in decisions]
    z_tests = [is_faster_by_z_test(pair, HORIZON) for pair in pairs]
    changes = [median_change(pair) for pair in pairs]
    return {
        "any faster": any(one.verdict is Verdict.FASTER for one in decisions),
        "any slower": any(one.verdict is Verdict.SLOWER for one in decisions),
        "any faster, uncorrected": any(uncorrected),
        "faster, uncorrected, %": 100 * float(np.mean(uncorrected)),
        "coverage, %": 100 * float(np.mean(covered)),
        "z test faster": float(sum(z_tests)),
        "median fell by 5 %": float(sum(change <= -0.05 for change in changes)),
        "median fell by 10 %": float(sum(change <= -0.10 for change in changes)),
    }


def _draw_history(rng: np.random.Generator) -> list[Items]:
    """Return the four half-years of two years of a platform with any of the three shock settings."""
    world = draw_platform(rng, SHOCKS[rng.integers(len(SHOCKS))])
    return draw_windows(world, [USUAL] * len(_HALVES), _HALVES, rng)


def _windows(history: Sequence[Items], design: Design) -> list[Items]:
    return [history[_HALVES.index(weeks)] for weeks in design]


def _decide_date(histories: Sequence[Sequence[Items]], design: Design) -> list[Decision]:
    cells = [declared_cell(_windows(history, design)) for history in histories]
    return decide(cells, rule(design), today(design))


def _is_faster_alone(decision: Decision) -> bool:
    """Return whether a comparison would be called faster if it were the only one of its date."""
    contrast = decision.contrast
    if contrast is None:
        return False
    return contrast.p_value <= LEVEL and contrast.difference <= -rule(_DATES[0]).least * contrast.baseline


YEAR: Final = Line(
    name="year",
    title="A year of 50 declared platforms without a change: two half-year dates, all shock settings",
    row_heads=("comparisons",),
    columns={
        "any “faster” in the year, %": "any faster",
        "any “slower” in the year, %": "any slower",
        "any “faster” without correction, %": "any faster, uncorrected",
        "“faster” without correction, % of comparisons": "faster, uncorrected, %",
        "coverage, % of comparisons": "coverage, %",
        "z test “faster”, comparisons a year": "z test faster",
        "closed-only median fell by 5 % or more, comparisons a year": "median fell by 5 %",
        "by 10 % or more, comparisons a year": "median fell by 10 %",
    },
    rows=(Row((str(2 * PLATFORMS),), year_outcomes),),
    runs=200,
)
