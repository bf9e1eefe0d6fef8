"""The latent life of one report: what really happens to it, whether or not anybody is told.

The instants that the clocks ask for are kept beside the steps, so that the planted truth is read from the model
and never from a ledger.
"""

from typing import Final, NamedTuple

from msgspec.structs import replace

from producers.simulation.model.label_mix import Label, Lane
from producers.simulation.model.outcome_model import Fate, sequel
from producers.simulation.model.platform_models import Habits
from producers.simulation.model.seeded_random import Chance
from producers.simulation.model.steps import (
    ACKNOWLEDGED,
    HIDDEN_MEANWHILE,
    PAUSED,
    REJECTED,
    RESUMED,
    REVIEW_STARTED,
    Merge,
    Retract,
    Step,
    is_final,
)
from streams.contract.events.schema.event_data import ReportAmended
from streams.domain.grid import HOUR, MINUTE, SECOND
from streams.domain.vocabulary import AmendReason, RetractReason, Severity

# Shares and medians of what happens on the way are ours: no platform publishes them.
_NOTICE_ACKNOWLEDGED: Final = 0.95
_REVIEWED: Final = 0.10
_PAUSED: Final = 0.05
_HIDDEN: Final = 0.04
_AMENDED: Final = 0.02
_ERRED: Final = 0.003
_FILED_BY_MISTAKE: Final = 0.002
_SEVERAL_ITEMS: Final = 0.03
_SLOW: Final = 30 * MINUTE


class Entry(NamedTuple):
    """A report that comes in; `into` is the number of the report on the same item with which it is merged."""

    number: str
    at: int
    label: Label
    into: str = ""


class Life(NamedTuple):
    """One report from its filing on.

    `number` is unique within the platform. `ended_at` is the first true ending, `decided_at` the first decision,
    `acted_at` the first final restriction (epoch milliseconds, None for never). `real` is false for a report filed
    by mistake and retracted.
    """

    number: str
    label: Label
    at: int
    steps: tuple[Step, ...]
    ended_at: int | None = None
    decided_at: int | None = None
    acted_at: int | None = None
    real: bool = True


def live(chance: Chance, habits: Habits, entry: Entry, fate: Fate | None) -> Life:
    """Return the life of the report that comes in as `entry` and meets `fate`."""
    number, at, label, _ = entry
    filed = Step(at, label.filed)
    if chance.happens(_SEVERAL_ITEMS):
        filed = Step(at, replace(label.filed, items=2 + chance.count(1.0)))
    if chance.happens(_FILED_BY_MISTAKE):
        undone = Step(at + int(chance.log_normal(HOUR, 1.0)), Retract(0, RetractReason.DUPLICATE))
        return Life(number, label, at, (filed, undone), real=False)
    steps = [filed, *_on_the_way(chance, habits, entry, fate)]
    if fate is None:
        return Life(number, label, at, tuple(steps))
    if chance.happens(_ERRED):
        steps += _mistake(at, fate.at, len(steps))
    later = sequel(chance, fate)
    steps.append(Step(fate.at, fate.ending))
    steps += later
    if fate.acted:
        return Life(number, label, at, tuple(steps), fate.at, fate.at, fate.at)
    acted_later = next((step.at for step in later if is_final(step.what)), None)
    return Life(number, label, at, tuple(steps), fate.at, fate.at if fate.decided else acted_later, acted_later)


def _on_the_way(chance: Chance, habits: Habits, entry: Entry, fate: Fate | None) -> list[Step]:
    """Return what happens between the filing and the ending, in no order."""
    at, lane = entry.at, entry.label.lane
    steps: list[Step] = []
    notice = lane is Lane.NOTICE or lane is Lane.FLAGGER
    if notice and chance.happens(_NOTICE_ACKNOWLEDGED):
        steps.append(Step(at + int(chance.log_normal(45 * SECOND, 1.0)), ACKNOWLEDGED))
    elif not notice and habits.acknowledged and chance.happens(habits.acknowledged):
        steps.append(Step(at + int(chance.log_normal(4 * SECOND, 0.5)), ACKNOWLEDGED))
    if entry.into:
        steps.append(Step(at + int(chance.log_normal(20 * SECOND, 0.5)), Merge(entry.into)))
    if chance.happens(_AMENDED):
        severity = Severity.HIGH if entry.label.filed.severity is Severity.CRITICAL else Severity.CRITICAL
        amended = ReportAmended(severity=severity, reason=AmendReason.TRIAGE)
        steps.append(Step(at + int(chance.log_normal(5 * MINUTE, 1.0)), amended))
    if fate is None:
        return steps
    if fate.at - at > _SLOW:
        steps += _while_waiting(chance, at, fate, notice=notice)
    return [step for step in steps if step.at < fate.at]


def _while_waiting(chance: Chance, at: int, fate: Fate, *, notice: bool) -> list[Step]:
    """Return what happens to a report that waits for people."""
    took = fate.at - at
    steps: list[Step] = []
    if chance.happens(_REVIEWED):
        steps.append(Step(at + took * 8 // 10, REVIEW_STARTED))
    if notice and chance.happens(_PAUSED):
        steps += [Step(at + took * 2 // 10, PAUSED), Step(at + took * 6 // 10, RESUMED)]
    if fate.acted and chance.happens(_HIDDEN):
        steps.append(Step(at + took // 20, HIDDEN_MEANWHILE))
    return steps


def _mistake(at: int, ended_at: int, place: int) -> list[Step]:
    """Return a rejection recorded by mistake, as the step at `place`, and its retraction before the true ending."""
    third = (ended_at - at) // 3
    return [Step(at + third, REJECTED), Step(at + 2 * third, Retract(place, RetractReason.ERROR))]
