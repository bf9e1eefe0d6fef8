"""Whether a faster platform still acts as much, and whether its decisions hold: shown to be kept, worse, or not known."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from streams.domain.survival import STOPPED
from streams.domain.verdict.comparison.contrast import Contrast, compare
from streams.domain.verdict.comparison.estimand import Estimand, Kind
from streams.domain.verdict.comparison.filed_weeks import FiledReports, Window, reports_by_window

_KEPT_CONFIDENCE: Final = 0.95
_WORSE_CONFIDENCE: Final = 0.975


class GuardState(StrEnum):
    """What is known of a guard."""

    KEPT = "kept"
    WORSE = "worse"
    UNKNOWN = "not known"


class Guard(NamedTuple):
    """A share that must not get worse by `margin`: the reports whose `clock` had the ending of interest `within` a limit.

    `more_is_better`: whether a larger share is the better one. `ripe_after`: how long after the end of the current window
    the share is known. Durations are in milliseconds.
    """

    clock: str
    within: int
    margin: float
    ripe_after: int
    more_is_better: bool = True
    interest: int = STOPPED


class GuardResult(NamedTuple):
    """The state of a guard, and the contrast behind it, None if there is none yet."""

    state: GuardState
    contrast: Contrast | None = None


def check_guard(
    guard: Guard, reports: Sequence[FiledReports], windows: Sequence[Window], complete_through: int
) -> GuardResult:
    """Return whether a guard is kept (non-inferiority, one-sided 95 %) or worse (one-sided 97.5 %)."""
    if complete_through < windows[-1].end + guard.ripe_after:
        return GuardResult(GuardState.UNKNOWN)
    strata = reports_by_window(reports, windows, complete_through)
    contrast = compare(strata, windows, Estimand(Kind.SHARE, guard.within, guard.interest))
    if contrast is None:
        return GuardResult(GuardState.UNKNOWN)
    loss = -contrast.difference if guard.more_is_better else contrast.difference
    if loss + contrast.margin(_KEPT_CONFIDENCE) < guard.margin:
        return GuardResult(GuardState.KEPT, contrast)
    is_worse = loss - contrast.margin(_WORSE_CONFIDENCE) > 0
    return GuardResult(GuardState.WORSE if is_worse else GuardState.UNKNOWN, contrast)
