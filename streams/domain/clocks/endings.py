"""Number the endings of clocks (docs/definitions.md §4), and decide the outcomes of deadlines (§6)."""

from typing import Final

from streams.domain.vocabulary import Outcome

OPEN: Final = 0
STOPPED: Final = 1
FROZEN: Final = 254
IDLE: Final = 255
"""Endings of a clock: open, stopped, frozen (paused or unanswered, so censored), idle (not started)."""

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
"""The number of each competing ending; do not change them, since cohorts store them."""
EXPIRED: Final = COMPETING_ENDINGS[Outcome.EXPIRED]

ENDING_WORDS: Final = {STOPPED: "stopped", **{number: outcome.value for outcome, number in COMPETING_ENDINGS.items()}}
"""The name of each ending of a clock that has ended."""

PENDING: Final = 0
MET: Final = 1
MISSED: Final = 2
RELEASED: Final = 3

DEADLINE_OUTCOMES: Final = {MET: "met", MISSED: "missed", RELEASED: "released"}
"""The name of each deadline outcome except PENDING, which is not counted."""


def decide_deadline(ending: int, duration: int, limit: int) -> int:
    """Return the deadline outcome of a clock that ended after `duration` milliseconds: met, missed or released."""
    if duration > limit or ending == EXPIRED:
        return MISSED
    return MET if ending == STOPPED else RELEASED
