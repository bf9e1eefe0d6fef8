"""The heartbeats of the simulated platforms: everything up to here has been published."""

from collections.abc import Iterator

from producers.simulation.filings import Span
from producers.simulation.plan import Plan
from producers.simulation.platforms import Profile, Truth
from producers.simulation.publishing import BATCH_OUT, NIGHTLY_AT, SLOWEST, silent_from
from producers.simulation.told import Told
from streams.contract import cloudevents
from streams.contract.instants import format_ms
from streams.contract.registry import Role
from streams.contract.types import Heartbeat
from streams.domain.grid import DAY, SECOND


def heartbeats(plan: Plan, profile: Profile, span: Span) -> Iterator[Told]:
    """Yield the heartbeats that a platform sends during `span`, once per topic."""
    silence = silent_from(plan, profile)
    for sequence, at, complete_through in _beats(plan, profile, span):
        if silence is not None and at >= silence:
            return
        data = Heartbeat(complete_through=format_ms(complete_through), sequence=sequence)
        for role in Role:
            event = cloudevents.heartbeat(data, platform=profile.id, id=f"beat-{role[:6]}-{sequence:08d}", at=at)
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
