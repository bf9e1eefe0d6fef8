"""Invented platforms, honest ones, in all the variety that an honest one may have; and what tripwires see of them."""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from msgspec import UNSET

from producers.simulation.model.arrivals import TimeSlice
from producers.simulation.model.config import SimulationConfig
from producers.simulation.model.label_mix import QueueKind
from producers.simulation.model.platform_models import (
    DurationMixture,
    KnownEffect,
    ModelChange,
    PlatformModel,
    ResponseModel,
)
from producers.simulation.model.report_model import SimulatedReport
from producers.simulation.model.seeded_random import SeededRandom
from producers.simulation.model.steps import MergeStep, RetractStep, Step, is_final_restriction
from producers.simulation.publication import simulate_publication
from producers.simulation.traffic import time_slices
from streams.contract.events.domain_mapping import action_kind
from streams.contract.events.schema.action_data import Restricted
from streams.contract.events.schema.event_data import ReportAmended, ReportFiled
from streams.contract.outputs.row_codec import MessagePackCodec
from streams.domain.clocks.standard import STANDARD_CLOCKS
from streams.domain.cohorts.cohort import parse_key
from streams.domain.duration_bins import DAY, HOUR, MINUTE, SECOND
from streams.domain.events import Action, ActionKind, Amendment, Filing, Heartbeat, ReportEvent, Retraction
from streams.domain.integrity.classifier import PROMPT_WITHIN, ReportClassifier
from streams.domain.integrity.counts import CheckInput
from streams.domain.integrity.window import DailyCounts
from streams.domain.labels import Labels, encode_labels
from streams.domain.ledger.config import LedgerConfig, PlatformConfig
from streams.domain.ledger.ledger import Ledger
from streams.domain.vocabulary import Extent, Ground, Harm, Outcome, Restriction

WEEKS: Final = 13
GAMING_PERIOD_MS: Final = 31 * DAY
"""For how long gamers have gamed when they are looked at: the window and what must ripen after it."""

StepPublication = tuple[int, int]
"""When a step is told, and its place in the life."""

PublishedReport = tuple[SimulatedReport, list[StepPublication]]
GamingStrategy = Callable[[SeededRandom, SimulatedReport, list[StepPublication]], PublishedReport | None]
"""What becomes of a report's life and of how it is told on another platform; None: it is never told."""

_IN_APP: Final = (
    DurationMixture(0.80, 216_000, 1.0, 4 * HOUR, 1.2),
    DurationMixture(0.90, 120_000, 1.0, 2 * HOUR, 1.2),
    DurationMixture(0.44, 12 * MINUTE, 1.0, 24 * HOUR, 1.2),
    DurationMixture(0.50, 12 * MINUTE, 1.0, 8 * HOUR, 1.2),
    DurationMixture(0.00, MINUTE, 1.0, 24 * HOUR, 1.5),
)
"""The waits of the simulator's platforms, one that is faster still, and one of people alone that take a day."""

_LABEL: Final = Restricted(
    restrictions=(Restriction.AGE_GATED,), extent=Extent.GLOBAL, ground=Ground.TERMS, interim=False
)
_AGE_GATED_SHARE: Final = 0.6
_DEFAULT_LABEL_SHARE: Final = 0.08


class SimulatedPlatform(NamedTuple):
    """One honest platform; `outage` is how long nothing could be published in the midst of the window."""

    plan: SimulationConfig
    model: PlatformModel
    outage: int

    @property
    def random(self) -> SeededRandom:
        """What else is left to chance."""
        return SeededRandom(self.plan.seed, self.model.id, "world")


def honest_platform(seed: int, per_day: float | None = None, weeks: int = WEEKS) -> SimulatedPlatform:
    """Return an honest platform: of any size (or of so many reports a day), pace, mood and publishing habit."""
    chance = SeededRandom(seed, "honest")
    daily = per_day or 4 * 60 ** chance.uniform()
    nightly = chance.draw_bool(0.2)
    profile = PlatformModel(
        "meadow",
        KnownEffect.NIGHTLY_BATCHES if nightly else KnownEffect.STEADY,
        report_share=1.0,
        country_rotation=int(chance.uniform() * 3),
        responses=_response_model(chance),
        change=ModelChange(0.3 + 0.7 * chance.uniform(), _response_model(chance)) if chance.draw_bool(0.3) else None,
        cadence_ms=DAY if nightly else 5 * MINUTE,
    )
    outage = int(DAY * 1.5 * chance.uniform()) if chance.draw_bool(0.3) else 0
    return SimulatedPlatform(SimulationConfig(seed, weeks=weeks, reports=int(daily * 7 * weeks)), profile, outage)


def _response_model(chance: SeededRandom) -> ResponseModel:
    in_app = _IN_APP[int(chance.uniform() * len(_IN_APP))]
    notice = DurationMixture(0.0, MINUTE, 1.0, (7 if chance.draw_bool(0.5) else 20) * HOUR, 1.3)
    return ResponseModel(
        {
            QueueKind.IN_APP: in_app,
            QueueKind.MANUAL: in_app._replace(fast_share=0.0),
            QueueKind.NOTICE: notice,
            QueueKind.FLAGGER: notice,
        },
        answered_share=0.85 + 0.14 * chance.uniform(),
        restricted_share=0.18 + 0.47 * chance.uniform(),
        acknowledged_share=float(chance.draw_bool(0.5)),
    )


def published_reports(world: SimulatedPlatform, strategy: GamingStrategy | None = None) -> Iterator[PublishedReport]:
    """Yield what is told of every report; in the last weeks another `way` of living and telling, if one is given."""
    chance = world.random
    since = world.plan.end_ms - GAMING_PERIOD_MS
    for span in time_slices(world.plan):
        if span.begin_ms >= world.plan.end_ms:
            return
        for life, tellings in _simulate_reports(world, chance, span):
            lived = (
                strategy(chance, life, tellings)
                if strategy is not None and life.filed_at >= since
                else (life, tellings)
            )
            if lived is not None:
                yield lived


def _simulate_reports(world: SimulatedPlatform, chance: SeededRandom, span: TimeSlice) -> Iterator[PublishedReport]:
    down = world.plan.end_ms - 16 * DAY
    for life, tellings in simulate_publication(world.plan, world.model, span):
        steps = tuple([_with_light_answer(chance, life, step) for step in life.steps])
        yield (
            life._replace(steps=steps),
            [(down + world.outage if down <= at < down + world.outage else at, place) for at, place in tellings],
        )


def _with_light_answer(chance: SeededRandom, life: SimulatedReport, step: Step) -> Step:
    """Return a step, a label instead of a removal where a platform may well find that enough."""
    light = _AGE_GATED_SHARE if life.label.report_data.harm is Harm.AGE_INAPPROPRIATE else _DEFAULT_LABEL_SHARE
    return Step(step.occurred_at, _LABEL) if is_final_restriction(step.data) and chance.draw_bool(light) else step


def domain_events(world: SimulatedPlatform, strategy: GamingStrategy | None = None) -> Iterator[ReportEvent]:
    """Yield what is told as the ledger takes it, in no order."""
    for life, tellings in published_reports(world, strategy):
        for at_ms, place in tellings:
            if at_ms < world.plan.end_ms:
                yield _domain_event(world.model.id, life, at_ms, place)


def _domain_event(platform: str, life: SimulatedReport, logged_at: int, place: int) -> ReportEvent:
    at, what = life.steps[place]
    number = int(life.number, 16) << 7
    about = (f"{platform}|{life.number}".encode(), platform, at, max(logged_at, at), number | place, place)
    match what:
        case ReportFiled():
            return Filing(*about, _labels(what), what.items)
        case ReportAmended(harm=harm, severity=severity):
            return Amendment(*about, None if harm is UNSET else harm, None if severity is UNSET else severity)
        case RetractStep(step_index=step):
            return Retraction(*about, number | step)
        case MergeStep():
            return Action(*about, ActionKind(Outcome.MERGED))
        case _:
            return Action(*about, action_kind(what))


def _labels(filed: ReportFiled) -> str:
    return encode_labels(
        Labels(
            filed.harm,
            filed.reporter,
            filed.trusted_flagger,
            filed.channel,
            filed.basis,
            filed.severity,
            "+".join(filed.jurisdictions),
        )
    )


def window_counts(world: SimulatedPlatform, strategy: GamingStrategy | None = None) -> CheckInput:
    """Return what tripwires see of a platform when its history ends, through a real ledger and its cohorts."""
    platform, cadence, end = world.model.id, world.model.cadence_ms, world.plan.end_ms
    ledger = Ledger(LedgerConfig(platforms={platform: PlatformConfig(cadence)}), MessagePackCodec())
    ledger.start()
    for fact in sorted(domain_events(world, strategy), key=lambda fact: fact.logged_at):
        ledger.apply(fact)
    ledger.apply(Heartbeat(platform, end, end, end - SECOND, 1))
    ledger.advance(end)
    days = DailyCounts(lambda _: ReportClassifier(STANDARD_CLOCKS, max(PROMPT_WITHIN, cadence)))
    for name, cohort in ledger.stored_cohorts().items():
        for stored, count in cohort.items():
            days.add(parse_key(name), stored, count)
    return days.check_input(platform, end - SECOND, is_declared_complete=True)
