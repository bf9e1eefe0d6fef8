"""All platforms together: what is told, in order of being told; history that ends, and traffic that goes on."""

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count, dropwhile, takewhile
from operator import attrgetter
from typing import Final

from producers.simulation.filings import Span
from producers.simulation.heartbeats import heartbeats
from producers.simulation.plan import Plan
from producers.simulation.platforms import PROFILES, Profile
from producers.simulation.publishing import published
from producers.simulation.told import Told, Voice
from streams.domain.grid import DAY, MINUTE

# The number of its arrival decides between two that are told in the same millisecond.
_Entry = tuple[int, int, Told]
_AT: Final = attrgetter("at_ms")


def simulate(plan: Plan) -> Iterator[Told]:
    """Yield everything told during the plan's span, in order of being told; the same plan gives the same events."""
    return takewhile(lambda told: told.at_ms < plan.end_ms, endless(plan))


def live(plan: Plan) -> Iterator[Told]:
    """Yield, without end, what is told after the plan's span: new reports, and late answers to those of the span.

    Begins after some seconds, since the lives of the span are simulated first; `endless` spares that.
    """
    return dropwhile(lambda told: told.at_ms < plan.end_ms, endless(plan))


def endless(plan: Plan) -> Iterator[Told]:
    """Yield what `simulate` yields and then, without a break, what `live` yields."""
    voices = {profile.id: Voice(plan.seed, profile.id) for profile in PROFILES}
    pending: list[_Entry] = []
    serial = count()
    for span in spans(plan):
        due = _matured(pending, span.end_ms)
        for profile in PROFILES:
            for told in _told(plan, profile, span, voices[profile.id]):
                if told.at_ms < span.end_ms:
                    due.append(told)
                else:
                    heappush(pending, (told.at_ms, next(serial), told))
        due.sort(key=_AT)
        yield from due


def spans(plan: Plan) -> Iterator[Span]:
    """Yield the stretches that are simulated one after the other: UTC days of the span, then minutes for ever.

    A span's reports depend on its beginning and its width alone, so nothing that is asked for later changes them.
    """
    begin = plan.start_ms
    while begin < plan.end_ms:
        end = min(plan.end_ms, (begin // DAY + 1) * DAY)
        yield Span(begin, end)
        begin = end
    while True:
        end = (begin // MINUTE + 1) * MINUTE
        yield Span(begin, end, plan.surge.busier)
        begin = end


def _told(plan: Plan, profile: Profile, span: Span, voice: Voice) -> Iterator[Told]:
    """Yield what is ever told about the reports of `span`, life by life, and the heartbeats within it."""
    yield from heartbeats(plan, profile, span)
    for life, tellings in published(plan, profile, span):
        yield from voice.tell(life, tellings)


def _matured(pending: list[_Entry], until_ms: int) -> list[Told]:
    """Return, in order, what is told before `until_ms`, and leave the rest in the heap `pending`."""
    due = []
    while pending and pending[0][0] < until_ms:
        due.append(heappop(pending)[2])
    return due
