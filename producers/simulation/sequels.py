"""What follows an ending: appeals, reversals, reports taken up again.

All shares are ours: services publish that complaints are upheld or reversed, and seldom how often by harm.
"""

from typing import Final

from producers.simulation.chance import Chance
from producers.simulation.fates import Fate
from producers.simulation.steps import (
    ACTED_SLOWLY,
    APPEALED_BY_REPORTER,
    APPEALED_BY_SUBJECT,
    ESCALATED,
    REJECTED,
    REOPENED,
    Step,
)
from streams.contract.outcomes import AppealFiled, AppealRejected, AppealUpheld, NoViolation, Reversed
from streams.domain.grid import DAY, HOUR, MINUTE
from streams.domain.vocabulary import Reversal

_ESCALATED: Final = 0.02
_SUBJECT_APPEALS: Final = 0.015
_REPORTER_APPEALS: Final = 0.02
_REOPENED: Final = 0.007
_UPHELD: Final = 0.3
_NOTHING: Final = max(_ESCALATED + _SUBJECT_APPEALS, _REPORTER_APPEALS + _REOPENED)


def sequel(chance: Chance, fate: Fate) -> list[Step]:
    """Return what happens after a report has ended, in order; nearly always nothing."""
    luck = chance.unit()
    if luck >= _NOTHING:
        return []
    if fate.acted:
        if luck < _ESCALATED:
            return [Step(fate.at + MINUTE, ESCALATED)]
        if luck < _ESCALATED + _SUBJECT_APPEALS:
            return _appealed(chance, fate.at, APPEALED_BY_SUBJECT, Reversal.RESTRICTION)
    elif isinstance(fate.ending, NoViolation):
        if luck < _REPORTER_APPEALS:
            return _appealed(chance, fate.at, APPEALED_BY_REPORTER, Reversal.NO_VIOLATION)
        if luck < _REPORTER_APPEALS + _REOPENED:
            return _reopened(chance, fate.at)
    return []


def _appealed(chance: Chance, at: int, appeal: AppealFiled, of: Reversal) -> list[Step]:
    filed = at + int(chance.log_normal(DAY, 1.0))
    heard = filed + int(chance.log_normal(3 * DAY, 0.8))
    if not chance.happens(_UPHELD):
        return [Step(filed, appeal), Step(heard, AppealRejected())]
    steps = [Step(filed, appeal), Step(heard, AppealUpheld()), Step(heard, Reversed(of=of))]
    if of is Reversal.NO_VIOLATION:
        steps.append(Step(heard + MINUTE, chance.pick(ACTED_SLOWLY)))
    return steps


def _reopened(chance: Chance, at: int) -> list[Step]:
    again = at + int(chance.log_normal(12 * HOUR, 1.0))
    ended = again + int(chance.log_normal(4 * HOUR, 1.0))
    ending = chance.pick(ACTED_SLOWLY) if chance.happens(0.5) else REJECTED
    return [Step(again, REOPENED), Step(ended, ending)]
