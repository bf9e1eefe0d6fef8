"""The exclusive states of a report, and how one deed moves it from one to the next."""

from enum import StrEnum
from functools import cache
from typing import Final

from streams.domain.events import Deed
from streams.domain.vocabulary import Outcome, Reversal


class State(StrEnum):
    """Where a report stands; every filed report is in exactly one. The order is frozen and append-only."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    INTERIM = "interim"
    MERGED = "merged"
    PAUSED = "paused"
    REOPENED = "reopened"
    RESTRICTED = "restricted"
    NO_VIOLATION = "no_violation"
    ALREADY_RESTRICTED = "already_restricted"
    UNAVAILABLE = "unavailable"
    OUT_OF_SCOPE = "out_of_scope"
    INVALIDATED = "invalidated"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    REVERSED = "reversed"
    UNANSWERED = "unanswered"


STATES: Final = tuple(State)
OPEN_STATES: Final = frozenset(STATES[: STATES.index(State.RESTRICTED)])

ACKNOWLEDGING: Final = frozenset(
    {
        Outcome.ACKNOWLEDGED,
        Outcome.REVIEW_STARTED,
        Outcome.VALIDATED,
        Outcome.NOTICE_SERVED,
        Outcome.ESCALATED,
    }
)
"""The outcomes that say that a report is being looked at."""
_APPEALS: Final = frozenset({Outcome.APPEAL_FILED, Outcome.APPEAL_UPHELD, Outcome.APPEAL_REJECTED})
_RESTRICTING: Final = frozenset({Outcome.RESTRICTED, Outcome.ACCOUNT_RESTRICTED})
ENDINGS: Final = {
    Outcome(state.value): state for state in STATES[STATES.index(State.NO_VIOLATION) : STATES.index(State.REVERSED)]
}
"""The outcomes that end a report, but for restrictions, with the state that they lead to."""


def _target(deed: Deed) -> State | None:
    """Return the state that a deed would bring an open report into, if any."""
    if deed.outcome in ACKNOWLEDGING:
        return State.ACKNOWLEDGED
    if deed.outcome in _RESTRICTING:
        return State.RESTRICTED if deed.final else State.INTERIM
    if deed.outcome is Outcome.MERGED:
        return State.MERGED
    if deed.outcome is Outcome.PAUSED:
        return State.PAUSED
    return ENDINGS.get(deed.outcome)


def _after_an_ending(state: State, deed: Deed) -> State:
    if deed.outcome is Outcome.REOPENED:
        return State.REOPENED
    if deed.of is Reversal.NO_VIOLATION and state is State.NO_VIOLATION:
        return State.REOPENED
    if deed.of is Reversal.RESTRICTION and state is State.RESTRICTED:
        return State.REVERSED
    return state


@cache
def _has_effect(state: State, appealed: bool, deed: Deed) -> bool:  # noqa: FBT001 - arguments of a table
    if deed.outcome is Outcome.APPEAL_FILED:
        return not appealed and state not in OPEN_STATES
    if deed.outcome in _APPEALS:
        return appealed
    if state not in OPEN_STATES:
        return _after_an_ending(state, deed) is not state
    if deed.outcome is Outcome.RESUMED:
        return state is State.PAUSED
    target = _target(deed)
    return target is not None and not (state is target is State.PAUSED)


class Standing:
    """A report's state while its deeds are read in order.

    `before_pause` is the state to which `resumed` leads back; `appealed` tells whether an appeal waits for its answer;
    `ended` is the deed that has ended the report, None while it is open.
    """

    __slots__ = ("appealed", "before_pause", "ended", "state")

    def __init__(self) -> None:
        self.state = State.OPEN
        self.before_pause = State.OPEN
        self.appealed = False
        self.ended: Deed | None = None

    def has_effect(self, deed: Deed) -> bool:
        """Return whether a deed would change something now, or says what happens on the way of an open report."""
        return _has_effect(self.state, self.appealed, deed)

    def take(self, deed: Deed) -> bool:
        """Move on by one deed; return whether it opened an ended report again."""
        if deed.outcome in _APPEALS:
            self.appealed = deed.outcome is Outcome.APPEAL_FILED
        if self.state not in OPEN_STATES:
            self.state = _after_an_ending(self.state, deed)
        else:
            self._move(deed)
        was, self.ended = self.ended, None if self.state in OPEN_STATES else self.ended or deed
        return was is not None and self.ended is None

    def _move(self, deed: Deed) -> None:
        target = _target(deed)
        if self.state is State.PAUSED and deed.outcome is Outcome.RESUMED:
            self.state = self.before_pause
        elif target is None or (target in OPEN_STATES and self.state is State.PAUSED):
            return
        elif target is not State.ACKNOWLEDGED or self.state is State.OPEN:
            self.before_pause = self.state
            self.state = target
