"""When each platform tells what happened: at once, on closing, in nightly batches, or no longer."""

from collections.abc import Iterator
from typing import Final

from producers.simulation.model.arrivals import Span, filed
from producers.simulation.model.config import Plan
from producers.simulation.model.platform_models import Profile, Truth
from producers.simulation.model.report_model import Life
from producers.simulation.model.seeded_random import Chance
from producers.simulation.published_events import Told
from streams.contract.events.schema import envelope
from streams.contract.events.schema.event_data import HeartbeatData
from streams.contract.registry.registry import Role
from streams.contract.timestamps import format_timestamp
from streams.domain.grid import DAY, HOUR, MINUTE, SECOND

NIGHTLY_AT: Final = 2 * HOUR
_BATCH: Final = 5 * MINUTE
_QUICKEST: Final = SECOND // 2
_JITTER: Final = 16 * SECOND

BATCH_OUT: Final = 2 * _BATCH
"""How long after its time the nightly batch is out, and its heartbeat says so."""

SLOWEST: Final = 30 * SECOND
"""No prompt platform takes longer than this to publish, so its heartbeat vouches for everything up to then."""

# A redelivery after a lost acknowledgement; share and delay are ours ("re-sent files" in the recipe).
_RESENT: Final = 0.003
_RESENT_AFTER: Final = 5 * MINUTE


def silent_from(plan: Plan, profile: Profile) -> int | None:
    """Return when the platform stops publishing, None for never."""
    change = profile.change
    return None if change is None or change.habits is not None else plan.since(change.share)


def _nightly(at: int) -> int:
    """Return when the batch with what happened at `at` tells it: the batches hold what came before 02:00 (UTC).

    A batch goes out within minutes, oldest first, so that nothing is told later than a day after it happened.
    """
    waited = (at - NIGHTLY_AT) % DAY
    return at - waited + DAY + waited * _BATCH // DAY


def published(plan: Plan, profile: Profile, span: Span) -> Iterator[tuple[Life, list[tuple[int, int]]]]:
    """Yield the lives that begin in `span`, each with what is ever published of it: when it is told, which step."""
    # Its own chance: how a platform publishes must not change what happens on it.
    chance = Chance(plan.seed, profile.id, "told", span.begin_ms)
    silence = silent_from(plan, profile)
    for life in filed(plan, profile, span):
        yield life, list(_tellings(chance, profile, silence, life))


def _tellings(chance: Chance, profile: Profile, silence: int | None, life: Life) -> Iterator[tuple[int, int]]:
    for place, step in enumerate(life.steps):
        told = _told(chance, profile, life, step.at)
        if told is None or (silence is not None and told >= silence):
            if place == 0:  # nothing is said about a report that was never announced
                return
            continue
        yield told, place
        if chance.happens(_RESENT):
            again = told + int(chance.log_normal(_RESENT_AFTER, 1.0))
            if silence is None or again < silence:
                yield again, place


def _told(chance: Chance, profile: Profile, life: Life, at: int) -> int | None:
    """Return when the platform tells what happened at `at` in `life`, None for never."""
    if profile.truth is Truth.NIGHTLY_BATCHES:
        return _nightly(at)
    if profile.truth is Truth.PUBLISHES_ON_CLOSE:
        if life.ended_at is None:
            return None
        at = max(at, life.ended_at)
    return at + _QUICKEST + int(chance.unit() * _JITTER)


def heartbeats(plan: Plan, profile: Profile, span: Span) -> Iterator[Told]:
    """Yield the heartbeats that a platform sends during `span`, once per topic."""
    silence = silent_from(plan, profile)
    for sequence, at, complete_through in _beats(plan, profile, span):
        if silence is not None and at >= silence:
            return
        data = HeartbeatData(complete_through=format_timestamp(complete_through), sequence=sequence)
        for role in Role:
            event = envelope.heartbeat_event(
                data, platform=profile.id, id=f"beat-{role[:6]}-{sequence:08d}", occurred_at=at
            )
            yield Told(at, role, profile.id, event)


def _beats(plan: Plan, profile: Profile, span: Span) -> Iterator[tuple[int, int, int]]:
    """Yield sequence, instant and `complete_through` of each heartbeat in `span`."""
    if profile.truth is Truth.NIGHTLY_BATCHES:
        night = span.begin_ms // DAY * DAY + NIGHTLY_AT
        if span.begin_ms <= night + BATCH_OUT < span.end_ms:
            yield (night + BATCH_OUT - plan.start_ms) // DAY, night + BATCH_OUT, night - 1
        return
    history = max(profile.cadence_ms, plan.heartbeat_ms)
    # Counted back from the end, so that history ends with a heartbeat however far apart they are.
    last = plan.end_ms - SECOND
    before = (last - plan.start_ms) // history
    every, number = (history, before) if span.begin_ms < plan.end_ms else (plan.surge.heartbeat_ms, before)
    first = -(-(span.begin_ms - last) // every)
    for place in range(first, -(-(span.end_ms - last) // every)):
        at = last + place * every
        yield number + place, at, at - SLOWEST
