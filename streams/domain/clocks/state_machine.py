"""The states of a report, and how each action changes them: docs/definitions.md §2."""

from enum import StrEnum
from functools import cache
from typing import Final

from streams.domain.events import ActionKind
from streams.domain.vocabulary import Outcome, Reversal


class State(StrEnum):
    """The state of a report; every filed report is in exactly one. Only append: profiles store positions."""

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

ACKNOWLEDGING_OUTCOMES: Final = frozenset(
    {
        Outcome.ACKNOWLEDGED,
        Outcome.REVIEW_STARTED,
        Outcome.VALIDATED,
        Outcome.NOTICE_SERVED,
        Outcome.ESCALATED,
    }
)
"""The outcomes that make an open report `acknowledged`."""
_APPEAL_OUTCOMES: Final = frozenset({Outcome.APPEAL_FILED, Outcome.APPEAL_UPHELD, Outcome.APPEAL_REJECTED})
_RESTRICTING_OUTCOMES: Final = frozenset({Outcome.RESTRICTED, Outcome.ACCOUNT_RESTRICTED})
CLOSING_OUTCOMES: Final = {
    Outcome(state.value): state for state in STATES[STATES.index(State.NO_VIOLATION) : STATES.index(State.REVERSED)]
}
"""The outcomes that end a report, except restrictions, with the state that each leads to."""


def _target_state(action: ActionKind) -> State | None:
    """Return the state that an action gives to an open report, or None if it changes none."""
    if action.outcome in ACKNOWLEDGING_OUTCOMES:
        return State.ACKNOWLEDGED
    if action.outcome in _RESTRICTING_OUTCOMES:
        return State.RESTRICTED if action.is_final else State.INTERIM
    if action.outcome is Outcome.MERGED:
        return State.MERGED
    if action.outcome is Outcome.PAUSED:
        return State.PAUSED
    return CLOSING_OUTCOMES.get(action.outcome)


def _next_closed_state(state: State, action: ActionKind) -> State:
    if action.outcome is Outcome.REOPENED:
        return State.REOPENED
    if action.reversed_decision is Reversal.NO_VIOLATION and state is State.NO_VIOLATION:
        return State.REOPENED
    if action.reversed_decision is Reversal.RESTRICTION and state is State.RESTRICTED:
        return State.REVERSED
    return state


@cache
def _has_effect(state: State, has_appeal: bool, action: ActionKind) -> bool:  # noqa: FBT001 - arguments of a table
    if action.outcome is Outcome.APPEAL_FILED:
        return not has_appeal and state not in OPEN_STATES
    if action.outcome in _APPEAL_OUTCOMES:
        return has_appeal
    if state not in OPEN_STATES:
        return _next_closed_state(state, action) is not state
    if action.outcome is Outcome.RESUMED:
        return state is State.PAUSED
    target = _target_state(action)
    return target is not None and not (state is target is State.PAUSED)


class ReportStateMachine:
    """The state of a report while its actions are applied in order.

    `state_before_pause`: the state to which `resumed` returns. `has_appeal`: an appeal is pending. `ended_by`: the
    action that ended the report, None while the report is open.
    """

    __slots__ = ("ended_by", "has_appeal", "state", "state_before_pause")

    def __init__(self) -> None:
        self.state = State.OPEN
        self.state_before_pause = State.OPEN
        self.has_appeal = False
        self.ended_by: ActionKind | None = None

    def has_effect(self, action: ActionKind) -> bool:
        """Return whether an action has an effect in the current state: docs/definitions.md §2."""
        return _has_effect(self.state, self.has_appeal, action)

    def apply(self, action: ActionKind) -> bool:
        """Apply one action; return whether it reopened an ended report."""
        if action.outcome in _APPEAL_OUTCOMES:
            self.has_appeal = action.outcome is Outcome.APPEAL_FILED
        if self.state not in OPEN_STATES:
            self.state = _next_closed_state(self.state, action)
        else:
            self._apply_to_open(action)
        former_ended_by, self.ended_by = self.ended_by, None if self.state in OPEN_STATES else self.ended_by or action
        return former_ended_by is not None and self.ended_by is None

    def _apply_to_open(self, action: ActionKind) -> None:
        target = _target_state(action)
        if self.state is State.PAUSED and action.outcome is Outcome.RESUMED:
            self.state = self.state_before_pause
        elif target is None or (target in OPEN_STATES and self.state is State.PAUSED):
            return
        elif target is not State.ACKNOWLEDGED or self.state is State.OPEN:
            self.state_before_pause = self.state
            self.state = target
