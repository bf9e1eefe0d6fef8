"""The exclusive states of a report, and how one deed moves it from one to the next."""

from enum import StrEnum
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

_ACKNOWLEDGING: Final = frozenset(
    {
        Outcome.ACKNOWLEDGED,
        Outcome.REVIEW_STARTED,
        Outcome.VALIDATED,
        Outcome.NOTICE_SERVED,
        Outcome.ESCALATED,
    }
)
_RESTRICTING: Final = frozenset({Outcome.RESTRICTED, Outcome.ACCOUNT_RESTRICTED})
_ENDINGS: Final = {
    Outcome(state.value): state for state in STATES[STATES.index(State.NO_VIOLATION) : STATES.index(State.REVERSED)]
}


def _target(deed: Deed) -> State | None:
    """Return the state that a deed would bring an open report into, if any."""
    if deed.outcome in _ACKNOWLEDGING:
        return State.ACKNOWLEDGED
    if deed.outcome in _RESTRICTING:
        return State.RESTRICTED if deed.final else State.INTERIM
    if deed.outcome is Outcome.MERGED:
        return State.MERGED
    if deed.outcome is Outcome.PAUSED:
        return State.PAUSED
    return _ENDINGS.get(deed.outcome)


def _after_an_ending(state: State, deed: Deed) -> State:
    if deed.outcome is Outcome.REOPENED:
        return State.REOPENED
    if deed.of is Reversal.NO_VIOLATION and state is State.NO_VIOLATION:
        return State.REOPENED
    if deed.of is Reversal.RESTRICTION and state is State.RESTRICTED:
        return State.REVERSED
    return state


class Standing:
    """A report's state while its deeds are read in order; `before_pause` is where `resumed` leads back to."""

    __slots__ = ("before_pause", "state")

    def __init__(self) -> None:
        self.state = State.OPEN
        self.before_pause = State.OPEN

    def take(self, deed: Deed) -> bool:
        """Move on by one deed; return whether it opened an ended report again."""
        if self.state not in OPEN_STATES:
            self.state = _after_an_ending(self.state, deed)
            return self.state is State.REOPENED
        self._move(deed)
        return False

    def _move(self, deed: Deed) -> None:
        target = _target(deed)
        if self.state is State.PAUSED and deed.outcome is Outcome.RESUMED:
            self.state = self.before_pause
        elif target is None or (target in OPEN_STATES and self.state is State.PAUSED):
            return
        elif target is not State.ACKNOWLEDGED or self.state is State.OPEN:
            self.before_pause = self.state
            self.state = target
