"""Decide for every declared cell whether its reports are decided faster than before."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from streams.domain.survival.risk_table import MAX_UNEXPOSED_SHARE
from streams.domain.verdict.comparison.contrast import Contrast, compare
from streams.domain.verdict.comparison.estimand import Estimand, Kind
from streams.domain.verdict.comparison.filed_weeks import FiledReports, Strata, Window, reports_by_window
from streams.domain.verdict.comparison.multiplicity import benjamini_hochberg
from streams.domain.verdict.comparison.week_estimates import exposed_count
from streams.domain.verdict.guards import Guard, GuardResult, GuardState, check_guard

MIN_WEEKS: Final = 12
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


class Reason(StrEnum):
    """Why a cell gets no verdict on a change, or why a change is not called one."""

    NEVER_COMPLETE = "never complete"
    ON_CLOSING = "published on closing"
    SILENT = "silent"
    NOT_YET = "not yet"
    FEW_WEEKS = "few weeks"
    NOTHING_IN_COMMON = "nothing in common"
    LITTLE_IN_COMMON = "little in common"
    CHANCE = "may be chance"
    SMALL = "small"
    WIDE = "wide interval"


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

    @property
    def is_published_on_closing(self) -> bool:
        """Whether more than 5 % of the reports were logged only when they were over."""
        return self.reports - self.exposed > MAX_UNEXPOSED_SHARE * self.reports


class Decision(NamedTuple):
    """The verdict on a cell, with every number behind it.

    `sizes` are of both windows, baseline first. `guards` are those that were asked, by name. `reason` is None for a
    change and for "no clear change" without a significant difference. `failed_checks` are the integrity checks for which
    a faster cell is not called so.
    """

    verdict: Verdict
    sizes: tuple[WindowSize, ...]
    contrast: Contrast | None
    guards: Mapping[str, GuardResult]
    reason: Reason | None = None
    failed_checks: tuple[str, ...] = ()


class _Speed(NamedTuple):
    """What is known of a cell before it is compared with other cells; `reason` is None if its verdict is open."""

    reason: Reason | None
    sizes: tuple[WindowSize, ...]
    contrast: Contrast | None = None


_VERDICTS: Final = {
    Reason.NEVER_COMPLETE: Verdict.NOT_MEASURABLE,
    Reason.ON_CLOSING: Verdict.NOT_MEASURABLE,
    Reason.SILENT: Verdict.NOT_MEASURABLE,
    Reason.NOT_YET: Verdict.SO_FAR,
}
"""The verdicts that need no comparison; every other reason comes to "not enough reports"."""


def decide(cells: Sequence[DeclaredCell], rule: Rule, today: int) -> list[Decision]:
    """Return the decision on every declared cell; `today` in days since 1970.

    Every cell takes part in the correction for many comparisons, also one that cannot be judged: its p value is 1.
    """
    speeds = [_judge_speed(cell, rule, today) for cell in cells]
    p_values = [speed.contrast.p_value if speed.reason is None and speed.contrast else 1.0 for speed in speeds]
    chosen = benjamini_hochberg(p_values, rule.level)
    return [
        _decide_cell(cell, speed, rule, is_chosen=place in chosen)
        for place, (cell, speed) in enumerate(zip(cells, speeds, strict=True))
    ]


def hold_back(decision: Decision, failed_checks: tuple[str, ...]) -> Decision:
    """Return a decision that calls no cell faster while integrity checks of its labels fail."""
    if decision.verdict is not Verdict.FASTER or not failed_checks:
        return decision
    return decision._replace(verdict=Verdict.QUALITY_UNKNOWN, failed_checks=failed_checks)


def _judge_speed(cell: DeclaredCell, rule: Rule, today: int) -> _Speed:
    if not cell.complete_through:
        return _Speed(Reason.NEVER_COMPLETE, ())
    strata = reports_by_window(cell.reports.get(rule.clock, ()), rule.windows, cell.complete_through)
    sizes = tuple(map(window_size, strata))
    reason = _reason_before_comparison(cell, rule, today, sizes)
    if reason not in {None, Reason.NOT_YET}:
        return _Speed(reason, sizes)
    contrast = compare(strata, rule.windows, Estimand(Kind.MEAN_WAIT, rule.horizon))
    return _Speed(reason or _reason_of_mix(contrast), sizes, contrast)


def _reason_of_mix(contrast: Contrast | None) -> Reason | None:
    if contrast is None:
        return Reason.NOTHING_IN_COMMON
    return Reason.LITTLE_IN_COMMON if contrast.covered < _MIN_COVERED else None


def window_size(strata: Strata) -> WindowSize:
    """Return how many reports and weeks a window has."""
    cells = [(week, cells) for weeks in strata.values() for week, cells in weeks.items()]
    return WindowSize(
        reports=sum(one.total() for _, one in cells),
        exposed=sum(exposed_count(one) for _, one in cells),
        weeks=len({week for week, _ in cells}),
    )


def _reason_before_comparison(cell: DeclaredCell, rule: Rule, today: int, sizes: Sequence[WindowSize]) -> Reason | None:
    """Return why there is no comparison (or none yet), None if the cell is to be compared."""
    if any(size.is_published_on_closing for size in sizes):
        return Reason.ON_CLOSING
    is_complete = cell.complete_through >= rule.current.end + rule.horizon
    if not is_complete and today >= rule.decide_on + _GRACE_DAYS:
        return Reason.SILENT
    if not is_complete or today < rule.decide_on:
        return Reason.NOT_YET
    return Reason.FEW_WEEKS if min(size.weeks for size in sizes) < MIN_WEEKS else None


def _decide_cell(cell: DeclaredCell, speed: _Speed, rule: Rule, *, is_chosen: bool) -> Decision:
    if speed.reason is not None or speed.contrast is None:
        reason = speed.reason or Reason.NOTHING_IN_COMMON
        verdict = _VERDICTS.get(reason, Verdict.NOT_ENOUGH_REPORTS)
        return Decision(verdict, speed.sizes, speed.contrast, {}, reason)
    verdict, why = _compare_speed(speed.contrast, rule, is_chosen=is_chosen)
    if verdict is not Verdict.FASTER:
        return Decision(verdict, speed.sizes, speed.contrast, {}, why)
    guards = {
        name: check_guard(guard, cell.reports.get(guard.clock, ()), rule.windows, cell.complete_through)
        for name, guard in rule.guards.items()
    }
    return Decision(_with_quality(guards), speed.sizes, speed.contrast, guards)


def _compare_speed(contrast: Contrast, rule: Rule, *, is_chosen: bool) -> tuple[Verdict, Reason | None]:
    """Return the verdict on speed alone; "no clear change" is two one-sided tests at 2.5 % (Schuirmann 1987)."""
    is_large = abs(contrast.difference) >= rule.least * contrast.baseline
    if is_chosen and is_large:
        return (Verdict.SLOWER if contrast.difference > 0 else Verdict.FASTER), None
    is_significant = contrast.low > 0 or contrast.high < 0
    reason = (Reason.CHANCE if is_large else Reason.SMALL) if is_significant else None
    if max(-contrast.low, contrast.high) < rule.same * contrast.baseline:
        return Verdict.NO_CLEAR_CHANGE, reason
    return Verdict.NOT_ENOUGH_REPORTS, reason or Reason.WIDE


def _with_quality(guards: Mapping[str, GuardResult]) -> Verdict:
    states = {guard.state for guard in guards.values()}
    if GuardState.WORSE in states:
        return Verdict.QUALITY_WORSE
    return Verdict.QUALITY_UNKNOWN if GuardState.UNKNOWN in states else Verdict.FASTER
