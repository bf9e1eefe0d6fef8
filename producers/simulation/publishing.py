"""When each platform tells what happened: at once, on closing, in nightly batches, or no longer."""

from collections.abc import Iterator
from typing import Final

from producers.simulation.chance import Chance
from producers.simulation.filings import Span, filed
from producers.simulation.lives import Life
from producers.simulation.plan import Plan
from producers.simulation.platforms import Profile, Truth
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
