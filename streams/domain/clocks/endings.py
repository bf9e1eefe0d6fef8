"""Number the endings of clocks: docs/definitions.md §4."""

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
