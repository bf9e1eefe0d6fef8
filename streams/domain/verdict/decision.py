"""Decide for every declared cell whether its reports are decided faster than before."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from streams.domain.survival.risk_table import MAX_UNEXPOSED_SHARE
from streams.domain.verdict.contrast import Contrast, compare
from streams.domain.verdict.estimand import Estimand, Kind
from streams.domain.verdict.filed_weeks import FiledReports, Strata, Window, reports_by_window
from streams.domain.verdict.guards import Guard, GuardResult, GuardState, check_guard
from streams.domain.verdict.multiplicity import benjamini_hochberg
from streams.domain.verdict.week_estimates import exposed_count

_MIN_WEEKS: Final = 12
_MIN_COVERED: Final = 0.9
_GRACE_DAYS: Final = 14
"""So long after the day of decision a platform may still become complete; after that it counts as silent."""


class Verdict(StrEnum):
    """The words that a declared comparison may come to."""

    FASTER = "faster"
    SLOWER = "slower"
    NO_CLEAR_CHANGE = "no clear change"
    NOT_ENOUGH_REPORTS = "not enough reports"
    NOT_MEASURABLE = "not measurable"
    QUALITY_UNKNOWN = "speed only, quality not yet known"
    QUALITY_WORSE = "speed only, quality worse"
    SO_FAR = "so far, not a verdict"


class Rule(NamedTuple):
    """What a declaration fixes beforehand.

    `clock` and `horizon` (milliseconds) are of the mean wait. `decide_on`: days since 1970. `level`: the false discovery
    rate. `least` and `same` are parts of the baseline's mean wait: a smaller change is none, and a change of `same` is
    what "no clear change" excludes. `guards` are by name.
    """

    clock: str
    baseline: Window
    current: Window
    horizon: int
    decide_on: int
    level: float
    least: float
    same: float
    guards: Mapping[str, Guard]

    @property
    def windows(self) -> tuple[Window, Window]:
        """Both windows, baseline first."""
        return self.baseline, self.current


class DeclaredCell(NamedTuple):
    """The reports of a declared cell by clock, and the instant (epoch ms) up to which they are known, 0 if never."""

    reports: Mapping[str, Sequence[FiledReports]]
    complete_through: int


class WindowSize(NamedTuple):
    """How many reports a window has, how many of them were at risk at some time, and how many weeks have reports."""

    reports: int
    exposed: int
    weeks: int


class Decision(NamedTuple):
    """The verdict on a cell, with every number behind it.

    `sizes` are of both windows, baseline first. `guards` are those that were asked, by name.
    """

    verdict: Verdict
    sizes: tuple[WindowSize, ...]
    contrast: Contrast | None
    guards: Mapping[str, GuardResult]


class _Speed(NamedTuple):
    """What is known of a cell before it is compared with other cells; `stage` is the verdict, None if it is open."""

    stage: Verdict | None
    sizes: tuple[WindowSize, ...]
    contrast: Contrast | None = None


def decide(cells: Sequence[DeclaredCell], rule: Rule, today: int) -> list[Decision]:
    """Return the decision on every declared cell; `today` in days since 1970.

    Every cell takes part in the correction for many comparisons, also one that cannot be judged: its p value is 1.
    """
    speeds = [_judge_speed(cell, rule, today) for cell in cells]
    p_values = [speed.contrast.p_value if speed.stage is None and speed.contrast else 1.0 for speed in speeds]
    chosen = benjamini_hochberg(p_values, rule.level)
    return [
        _decide_cell(cell, speed, rule, is_chosen=place in chosen)
        for place, (cell, speed) in enumerate(zip(cells, speeds, strict=True))
    ]


def _judge_speed(cell: DeclaredCell, rule: Rule, today: int) -> _Speed:
    if not cell.complete_through:
        return _Speed(Verdict.NOT_MEASURABLE, ())
    strata = reports_by_window(cell.reports.get(rule.clock, ()), rule.windows, cell.complete_through)
    sizes = tuple(map(_size, strata))
    stage = _stage(cell, rule, today, sizes)
    if stage not in {None, Verdict.SO_FAR}:
        return _Speed(stage, sizes)
    contrast = compare(strata, rule.windows, Estimand(Kind.MEAN_WAIT, rule.horizon))
    is_enough = contrast is not None and contrast.covered >= _MIN_COVERED
    return _Speed(stage if is_enough or stage else Verdict.NOT_ENOUGH_REPORTS, sizes, contrast)


def _size(strata: Strata) -> WindowSize:
    cells = [(week, cells) for weeks in strata.values() for week, cells in weeks.items()]
    return WindowSize(
        reports=sum(one.total() for _, one in cells),
        exposed=sum(exposed_count(one) for _, one in cells),
        weeks=len({week for week, _ in cells}),
    )


def _stage(cell: DeclaredCell, rule: Rule, today: int, sizes: Sequence[WindowSize]) -> Verdict | None:
    """Return what can be said without a comparison, None if the cell is to be decided."""
    if any(size.reports - size.exposed > MAX_UNEXPOSED_SHARE * size.reports for size in sizes):
        return Verdict.NOT_MEASURABLE
    is_complete = cell.complete_through >= rule.current.end + rule.horizon
    if not is_complete and today >= rule.decide_on + _GRACE_DAYS:
        return Verdict.NOT_MEASURABLE
    if not is_complete or today < rule.decide_on:
        return Verdict.SO_FAR
    return Verdict.NOT_ENOUGH_REPORTS if min(size.weeks for size in sizes) < _MIN_WEEKS else None


def _decide_cell(cell: DeclaredCell, speed: _Speed, rule: Rule, *, is_chosen: bool) -> Decision:
    if speed.stage is not None or speed.contrast is None:
        return Decision(speed.stage or Verdict.NOT_ENOUGH_REPORTS, speed.sizes, speed.contrast, {})
    verdict = _compare_speed(speed.contrast, rule, is_chosen=is_chosen)
    if verdict is not Verdict.FASTER:
        return Decision(verdict, speed.sizes, speed.contrast, {})
    guards = {
        name: check_guard(guard, cell.reports.get(guard.clock, ()), rule.windows, cell.complete_through)
        for name, guard in rule.guards.items()
    }
    return Decision(_with_quality(guards), speed.sizes, speed.contrast, guards)


def _compare_speed(contrast: Contrast, rule: Rule, *, is_chosen: bool) -> Verdict:
    """Return the verdict on speed alone; "no clear change" is two one-sided tests at 2.5 % (Schuirmann 1987)."""
    if is_chosen and abs(contrast.difference) >= rule.least * contrast.baseline:
        return Verdict.SLOWER if contrast.difference > 0 else Verdict.FASTER
    is_within = max(-contrast.low, contrast.high) < rule.same * contrast.baseline
    return Verdict.NO_CLEAR_CHANGE if is_within else Verdict.NOT_ENOUGH_REPORTS


def _with_quality(guards: Mapping[str, GuardResult]) -> Verdict:
    states = {guard.state for guard in guards.values()}
    if GuardState.WORSE in states:
        return Verdict.QUALITY_WORSE
    return Verdict.QUALITY_UNKNOWN if GuardState.UNKNOWN in states else Verdict.FASTER
