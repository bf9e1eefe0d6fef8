"""Declared cells whose waits a test chooses, and the rule that decides on them."""

from collections.abc import Mapping, Sequence

from streams.domain.clocks.endings import STOPPED
from streams.domain.cohorts.profile import ClockValue
from streams.domain.duration_bins import DAY, HOUR, bin_of
from streams.domain.survival import FROM_START
from streams.domain.verdict.comparison.filed_weeks import FiledReports, Stratum
from streams.domain.verdict.decision import Decision, DeclaredCell, Rule, decide
from streams.domain.verdict.guards import Guard
from tests.unit.domain.verdict.strategies import BASELINE, CURRENT, first_day

SPEED, ACTED = "time_to_decision", "time_to_action"
DECIDE_ON = CURRENT.end // DAY + 3
KEPT_LONG = Guard(ACTED, within=28 * DAY, margin=0.05, ripe_after=28 * DAY)
GROOMING = Stratum("grooming", "in_app")


def rule(guards: Mapping[str, Guard] | None = None) -> Rule:
    return Rule(
        clock=SPEED,
        baseline=BASELINE,
        current=CURRENT,
        horizon=48 * HOUR,
        decide_on=DECIDE_ON,
        level=0.05,
        least=0.05,
        same=0.15,
        guards={} if guards is None else guards,
    )


def reports(hours: Sequence[int], weeks: int = 26, entry_bin: int = FROM_START) -> list[FiledReports]:
    """Return forty reports a week; `hours` are the waits in the baseline and now, and weeks differ by an hour."""
    return [
        FiledReports(
            first_day(BASELINE.first_week + week),
            GROOMING,
            entry_bin,
            ClockValue(b"", bin_of((hours[week >= BASELINE.weeks] + week % 2) * HOUR), STOPPED),
            40,
        )
        for week in range(weeks)
    ]


def cell(
    *hours: int, through: int = DECIDE_ON * DAY, others: Mapping[str, Sequence[FiledReports]] | None = None
) -> DeclaredCell:
    return DeclaredCell({SPEED: reports(hours), **(others or {})}, through)


def decision(declared: DeclaredCell, today: int = DECIDE_ON, guards: Mapping[str, Guard] | None = None) -> Decision:
    (found,) = decide([declared], rule(guards), today)
    return found
