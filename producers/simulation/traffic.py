"""All platforms together: what is told, in order of being told; history that ends, and traffic that goes on."""

import time
from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from itertools import count, dropwhile, filterfalse, takewhile
from operator import attrgetter
from typing import BinaryIO, Final, NamedTuple

from producers.simulation.model.arrivals import Span
from producers.simulation.model.config import Plan
from producers.simulation.model.platform_models import PROFILES, Profile
from producers.simulation.publication import heartbeats, published
from producers.simulation.published_events import Told, Voice, line
from streams.contract.events.schema.envelope import HeartbeatEvent
from streams.contract.registry.registry import Role
from streams.domain.grid import DAY, MINUTE, SECOND
from streams.edge.clock import wall_clock_ms

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


def history(plan: Plan) -> Iterator[bytes]:
    """Yield the lines of a plan's span."""
    return (line(told) + b"\n" for told in simulate(plan) if not _told_already(told))


def _told_already(told: Told) -> bool:
    """Return whether this is the second copy of a heartbeat: a line speaks for both topics, who publishes it sends both."""
    return told.topic is Role.ACTION_TAKEN and isinstance(told.event, HeartbeatEvent)


def write_live(plan: Plan, out: BinaryIO) -> None:
    """Write a plan's span and then what is told after it, each event when the wall clock has reached it; without end."""
    events = filterfalse(_told_already, endless(plan))
    out.writelines(line(told) + b"\n" for told in takewhile(lambda told: told.at_ms < plan.end_ms, events))
    for due, told in paced(events, Pace(plan.end_ms, plan.end_ms)):
        ahead = due - wall_clock_ms()
        if ahead > 0:
            out.flush()
            time.sleep(ahead / SECOND)
        out.write(line(told) + b"\n")


class Pace(NamedTuple):
    """What was told at `told_ms` is sent at `sent_ms`, both epoch milliseconds; later events `speed` times as fast.

    A speed above one sends events whose times lie in the future, once it has caught up with the wall clock; a broker
    or worker that refuses these wants a speed of one.
    """

    told_ms: int
    sent_ms: int
    speed: float = 1.0

    def send_at(self, told_ms: int) -> int:
        """Return when to send what is told at `told_ms`; what lies before the origin is due at once."""
        return self.sent_ms + max(0, int((told_ms - self.told_ms) / self.speed))


def paced(events: Iterable[Told], pace: Pace) -> Iterator[tuple[int, Told]]:
    """Yield each event with its send time; who sends waits for it."""
    if pace.speed <= 0:
        raise ValueError(f"speed: expected a positive number, got {pace.speed}")
    for told in events:
        yield pace.send_at(told.at_ms), told
