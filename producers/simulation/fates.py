"""How a report ends and after how long: the part of the model that is calibrated."""

from typing import Final, NamedTuple

from producers.simulation.chance import Chance
from producers.simulation.labels import Label
from producers.simulation.platforms import Habits
from producers.simulation.seasons import hour_of_week, staffing
from producers.simulation.steps import (
    ACTED_FAST,
    ACTED_SLOWLY,
    DECISIONS,
    EXPIRED,
    REJECTED_BY_MACHINE,
    UNACTED,
    is_final,
)
from streams.contract.outcomes import ActionTaken
from streams.domain.grid import DAY, SECOND

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
