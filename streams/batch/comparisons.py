"""Compare two periods that were chosen afterwards: figures and intervals, always exploratory, never a verdict."""

from collections.abc import Mapping
from typing import Final

from streams.batch.load import LoadedFiles
from streams.batch.selection import Selection
from streams.contract.outputs.verdict_report import contrast_report, window_report
from streams.contract.packs.exported_clocks import exported_clocks
from streams.domain.cohorts.calendar import CalendarPeriod
from streams.domain.cohorts.cohort import parse_key, profiles
from streams.domain.duration_bins import DAY, HOUR, SECOND
from streams.domain.verdict.comparison.filed_weeks import Window, week_of
from streams.domain.verdict.decision import Rule, decide
from streams.domain.verdict.declared_cells import CellName, DeclaredReports
from streams.domain.verdict.sentences import exploratory_sentence

MIN_WEEKS: Final = 8
"""Fewer whole weeks do not tell how much weeks differ from each other."""
_CLOCK: Final = "time_to_decision"
_HORIZON: Final = 48 * HOUR


Periods = tuple[CalendarPeriod, CalendarPeriod]
"""Two periods to compare, the baseline first."""


class PeriodError(ValueError):
    """Periods that cannot be compared; the message says what was expected."""


def whole_weeks(period: CalendarPeriod) -> Window:
    """Return the ISO weeks that lie wholly in a period; raises PeriodError for fewer than eight."""
    first = week_of(period.first_day + 6)
    weeks = week_of(period.last_day + 1) - first
    if weeks < MIN_WEEKS:
        raise PeriodError(f"--compare: expected at least {MIN_WEEKS} whole weeks in each period, got {max(0, weeks)}")
    return Window(first, weeks)


def compare_periods(loaded: LoadedFiles, selection: Selection, periods: Periods) -> list[dict[str, object]]:
    """Return for each platform the mean waits up to 48 h in both periods, and their difference.

    Raises PeriodError for periods that overlap or have too few whole weeks.
    """
    rule = _rule(periods)
    clocks = {clock.id: clock.versions for clock in exported_clocks(loaded.rulebook)}
    platforms = sorted({parse_key(name).platform for name in loaded.ledger.stored_cohorts()})
    cells = [CellName(platform) for platform in platforms]
    reports = DeclaredReports(cells, rule, clocks)
    for name, cohort in selection.cohorts(loaded.ledger.stored_cohorts()):
        key = parse_key(name)
        if reports.has(key):
            for profile, count in profiles(cohort):
                reports.add(key, profile, count)
    decisions = decide(reports.to_cells(loaded.watermark), rule, rule.decide_on)
    return [
        _report(cell, rule, periods, exploratory_sentence(cell.title, decision, rule))
        | {"change": None if decision.contrast is None else contrast_report(decision.contrast, SECOND)}
        for cell, decision in zip(cells, decisions, strict=True)
    ]


def _rule(periods: Periods) -> Rule:
    baseline, current = map(whole_weeks, periods)
    if current.first_week < baseline.first_week + baseline.weeks:
        raise PeriodError("--compare: expected two periods, the earlier one first, without a common week")
    return Rule(
        clock=_CLOCK,
        baseline=baseline,
        current=current,
        horizon=_HORIZON,
        decide_on=(current.end + _HORIZON) // DAY,
        level=0.05,
        least=0.05,
        same=0.15,
        guards={},
    )


def _report(cell: CellName, rule: Rule, periods: Periods, sentence: str) -> dict[str, object]:
    return {
        "platform": cell.platform,
        "standing": "exploratory",
        "baseline": _window(periods[0], rule.baseline),
        "current": _window(periods[1], rule.current),
        "sentence": sentence,
    }


def _window(period: CalendarPeriod, window: Window) -> Mapping[str, object]:
    return {"period": period.name, **window_report(window)}
