"""How a report ends and after how long: the part of the model that is calibrated."""

from typing import Final, NamedTuple

from producers.simulation.model.label_mix import Label
from producers.simulation.model.platform_models import Habits
from producers.simulation.model.seasonality import hour_of_week, staffing
from producers.simulation.model.seeded_random import Chance
from producers.simulation.model.steps import (
    ACTED_FAST,
    ACTED_SLOWLY,
    APPEALED_BY_REPORTER,
    APPEALED_BY_SUBJECT,
    DECISIONS,
    ESCALATED,
    EXPIRED,
    REJECTED,
    REJECTED_BY_MACHINE,
    REOPENED,
    UNACTED,
    Step,
    is_final,
)
from streams.contract.events.schema.action_data import (
    ActionTaken,
    AppealFiled,
    AppealRejected,
    AppealUpheld,
    NoViolation,
    Reversed,
)
from streams.domain.grid import DAY, HOUR, MINUTE, SECOND
from streams.domain.vocabulary import Reversal

EXPIRES_AFTER_MS: Final = 10 * DAY
"""When a report that nobody decided is closed, where it is closed at all; ours."""

_BY_MACHINE_MS: Final = 20 * SECOND


class Fate(NamedTuple):
    """How a report ends: at `at` with `ending`."""

    at: int
    ending: ActionTaken

    @property
    def acted(self) -> bool:
        """Whether the item is gone afterwards, so that nobody can report it again."""
        return is_final(self.ending)

    @property
    def decided(self) -> bool:
        """Whether somebody judged the report, or found that nothing is left to judge."""
        return self.acted or isinstance(self.ending, DECISIONS)


def fate_of(chance: Chance, habits: Habits, label: Label, at: int, shock: float) -> Fate | None:
    """Return how a report filed at `at` ends, None when nobody ever answers.

    `shock` is how much longer everything takes on this platform in that week.
    """
    if not chance.happens(habits.answered):
        return None
    wait = habits.waits[label.lane]
    fast = chance.happens(wait.fast_share)
    took = label.pace * shock
    if fast:
        took *= chance.log_normal(wait.fast_ms, wait.fast_sigma)
    else:
        took *= chance.log_normal(wait.slow_ms, wait.slow_sigma) * staffing()[hour_of_week(at)]
    if took > habits.patience_ms:
        return None
    if chance.happens(habits.acted):
        return Fate(at + _whole(took), chance.pick(ACTED_FAST if fast else ACTED_SLOWLY))
    return _unacted(chance, habits, at, took)


def _unacted(chance: Chance, habits: Habits, at: int, took: float) -> Fate:
    if habits.rejected_at_once and chance.happens(habits.rejected_at_once):
        return Fate(at + _whole(chance.log_normal(_BY_MACHINE_MS, 0.6)), REJECTED_BY_MACHINE)
    ending = chance.pick(UNACTED)
    if ending is EXPIRED:
        return Fate(at + EXPIRES_AFTER_MS, EXPIRED)
    return Fate(at + _whole(took), ending)


def _whole(took: float) -> int:
    return max(SECOND, int(took))


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
