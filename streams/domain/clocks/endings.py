"""How a clock on a report can stand and end, and the verdicts on one with a limit: docs/definitions.md §6."""

from typing import Final

from streams.domain.vocabulary import Outcome

OPEN: Final = 0
STOPPED: Final = 1
FROZEN: Final = 254
IDLE: Final = 255
"""Endings of a clock: open, stopped, frozen (censored: paused or sealed), idle (it has not begun)."""

_COMPETING_OUTCOMES: Final = (
    Outcome.NO_VIOLATION,
    Outcome.ALREADY_RESTRICTED,
    Outcome.UNAVAILABLE,
    Outcome.OUT_OF_SCOPE,
    Outcome.INVALIDATED,
    Outcome.WITHDRAWN,
    Outcome.EXPIRED,
)
COMPETING_ENDINGS: Final[dict[Outcome, int]] = {
    outcome: STOPPED + 1 + place
    for place, outcome in enumerate([*_COMPETING_OUTCOMES, *(o for o in Outcome if o not in _COMPETING_OUTCOMES)])
}
"""The number of each competing ending; frozen, since cohorts store it."""
EXPIRED: Final = COMPETING_ENDINGS[Outcome.EXPIRED]

ENDING_WORDS: Final = {STOPPED: "stopped", **{number: outcome.value for outcome, number in COMPETING_ENDINGS.items()}}
"""The word for each ending of a clock that has ended."""

PENDING: Final = 0
MET: Final = 1
MISSED: Final = 2
RELEASED: Final = 3

DEADLINE_OUTCOMES: Final = {MET: "met", MISSED: "missed", RELEASED: "released"}
"""The word for each verdict but PENDING."""


def decide_deadline(ending: int, duration: int, limit: int) -> int:
    """Return the verdict on a clock that ended after `duration`."""
    if duration > limit or ending == EXPIRED:
        return MISSED
    return MET if ending == STOPPED else RELEASED
