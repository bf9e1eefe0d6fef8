"""Planted gamers: what an honest platform's reports become when it plays one trick, and the tripwire that is to catch it."""

from collections.abc import Mapping
from typing import Final

from msgspec import structs

from producers.simulation.model.report_model import SimulatedReport
from producers.simulation.model.seeded_random import SeededRandom
from producers.simulation.model.steps import ACKNOWLEDGED, AUTO_REJECTED, Step, is_final_restriction
from streams.contract.events.schema.action_data import ActionTaken, Restricted, Withdrawn
from streams.contract.events.schema.event_data import ReportAmended, ReportFiled
from streams.domain.duration_bins import DAY, HOUR, MINUTE, SECOND
from streams.domain.vocabulary import (
    AmendReason,
    Channel,
    Extent,
    Ground,
    Restriction,
    Severity,
)
from tests.tools.integrity_rates.simulated_platforms import GamingStrategy, PublishedReport, StepPublication

_LABEL: Final = Restricted(restrictions=(Restriction.LABELLED,), extent=Extent.GLOBAL, ground=Ground.TERMS)
_DOWNGRADE: Final = ReportAmended(severity=Severity.STANDARD, reason=AmendReason.TRIAGE)
_GRADED_SEVERITIES: Final = frozenset({Severity.CRITICAL, Severity.HIGH})


def ends_just_before_limit(
    chance: SeededRandom, life: SimulatedReport, tellings: list[StepPublication]
) -> PublishedReport:
    """Record what would come in the days after 24 hours as if it had come just before."""
    took = _duration(life)
    if took is None or not DAY < took < 8 * DAY:
        return life, tellings
    return _with_ending(life, tellings, life.filed_at + DAY - SECOND - int(chance.uniform() * 50 * MINUTE))


def rejects_at_once(chance: SeededRandom, life: SimulatedReport, tellings: list[StepPublication]) -> PublishedReport:
    """Let a machine reject what nobody wants to look at."""
    if life.acted_at is not None or life.ended_at is None or chance.draw_bool(0.15):
        return life, tellings
    return _with_ending(life, tellings, life.filed_at + int(chance.draw_log_normal(20 * SECOND, 0.5)), AUTO_REJECTED)


def acknowledges_only(chance: SeededRandom, life: SimulatedReport, tellings: list[StepPublication]) -> PublishedReport:
    """Confirm the receipt, and answer one in five."""
    if chance.draw_bool(0.2):
        return life, tellings
    return _with_step(life._replace(steps=life.steps[:1]), tellings[:1], Step(life.filed_at + 4 * SECOND, ACKNOWLEDGED))


def downgrades_labels(chance: SeededRandom, life: SimulatedReport, tellings: list[StepPublication]) -> PublishedReport:
    """Find half of the grave reports standard on second thoughts."""
    if life.label.report_data.severity not in _GRADED_SEVERITIES or chance.draw_bool(0.5):
        return life, tellings
    return _with_step(life, tellings, Step(life.filed_at + 10 * MINUTE, _DOWNGRADE))


def publishes_at_close(
    _: SeededRandom, life: SimulatedReport, tellings: list[StepPublication]
) -> PublishedReport | None:
    """Tell of a report when it has ended, and never of one that has not."""
    ended = life.ended_at
    return None if ended is None else (life, [(max(at, ended + SECOND), place) for at, place in tellings])


def backdates(chance: SeededRandom, life: SimulatedReport, tellings: list[StepPublication]) -> PublishedReport:
    """Say of three filings in ten that they came days earlier, so that no alert can be due any more."""
    if chance.draw_bool(0.7):
        return life, tellings
    earlier = life.filed_at - DAY - int(chance.uniform() * 3 * DAY)
    filed = Step(earlier, life.steps[0].data)
    return life._replace(filed_at=earlier, steps=(filed, *life.steps[1:])), tellings


def withdraws_what_is_slow(
    chance: SeededRandom, life: SimulatedReport, tellings: list[StepPublication]
) -> PublishedReport:
    """Have four in five of the reports withdrawn that are not done by the twentieth hour."""
    took = _duration(life)
    if (took is not None and took < 20 * HOUR) or chance.draw_bool(0.2):
        return life, tellings
    return _with_ending(life, tellings, life.filed_at + 20 * HOUR, Withdrawn())


def labels_only(chance: SeededRandom, life: SimulatedReport, tellings: list[StepPublication]) -> PublishedReport:
    """Put a label on seven in ten of the items that would be removed."""
    if life.acted_at is None or chance.draw_bool(0.3):
        return life, tellings
    steps = tuple([Step(step.occurred_at, _LABEL) if is_final_restriction(step.data) else step for step in life.steps])
    return life._replace(steps=steps), tellings


def moves_to_other_channel(
    chance: SeededRandom, life: SimulatedReport, tellings: list[StepPublication]
) -> PublishedReport:
    """Send a third of the in-app reports through the web form."""
    filed = life.label.report_data
    if filed.channel is not Channel.IN_APP or chance.draw_bool(2 / 3):
        return life, tellings
    return _with_filing(life, structs.replace(filed, channel=Channel.WEB_FORM)), tellings


def copies_durations(_: SeededRandom, life: SimulatedReport, tellings: list[StepPublication]) -> PublishedReport:
    """Let everything that took longer than a quarter of an hour have taken 78 minutes."""
    took = _duration(life)
    return (
        (life, tellings)
        if took is None or took < HOUR / 4
        else _with_ending(life, tellings, life.filed_at + 78 * MINUTE)
    )


def publishes_actions_only(
    _: SeededRandom, life: SimulatedReport, tellings: list[StepPublication]
) -> PublishedReport | None:
    """Tell of nothing but what will be acted on within two days."""
    acted = any(is_final_restriction(step.data) and step.occurred_at < life.filed_at + 2 * DAY for step in life.steps)
    return (life, tellings) if acted else None


def omits_severity(chance: SeededRandom, life: SimulatedReport, tellings: list[StepPublication]) -> PublishedReport:
    """Leave the severity out of two filings in five."""
    if chance.draw_bool(0.6):
        return life, tellings
    return _with_filing(life, structs.replace(life.label.report_data, severity=Severity.UNSPECIFIED)), tellings


GAMING_STRATEGIES: Final[Mapping[str, GamingStrategy]] = {
    "bunching_below_limit": ends_just_before_limit,
    "instant_no_violation": rejects_at_once,
    "acknowledged_only": acknowledges_only,
    "labels_downgraded": downgrades_labels,
    "published_on_close": publishes_at_close,
    "backdated_filings": backdates,
    "withdrawn_when_slow": withdraws_what_is_slow,
    "restricted_by_label": labels_only,
    "channel_shift": moves_to_other_channel,
    "constant_durations": copies_durations,
    "nearly_all_reports_acted_on": publishes_actions_only,
    "missing_labels_increase": omits_severity,
}
"""The gamer that each tripwire is to catch."""


def _duration(life: SimulatedReport) -> int | None:
    return None if life.ended_at is None else life.ended_at - life.filed_at


def _with_filing(life: SimulatedReport, filed: ReportFiled) -> SimulatedReport:
    """Return a life with another filing, of as many items."""
    before = life.steps[0].data
    assert isinstance(before, ReportFiled), "every life begins with its filing"
    return life._replace(steps=(Step(life.filed_at, structs.replace(filed, items=before.items)), *life.steps[1:]))


def _with_step(life: SimulatedReport, tellings: list[StepPublication], step: Step) -> PublishedReport:
    """Return a life with one more step, told at once."""
    return life._replace(steps=(*life.steps, step)), [*tellings, (step.occurred_at + SECOND, len(life.steps))]


def _with_ending(
    life: SimulatedReport, tellings: list[StepPublication], at: int, ending: ActionTaken | None = None
) -> PublishedReport:
    """Return a life that ends at `at`, with another ending if one is given; nothing happens afterwards."""
    last = next((step for step in life.steps if step.occurred_at == life.ended_at), None)
    what = ending or (None if last is None else last.data)
    assert what is not None, "who has no ending is given one"
    kept = [place for place, step in enumerate(life.steps) if step.occurred_at < at and step is not last]
    steps = (*[life.steps[place] for place in kept], Step(at, what))
    moved = {place: new for new, place in enumerate(kept)}
    published = [(when, moved[place]) for when, place in tellings if place in moved]
    return life._replace(steps=steps, ended_at=at), [*published, (at + SECOND, len(kept))]
