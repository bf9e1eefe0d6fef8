"""All platforms together: what is told, in order of being told; history that ends, and traffic that goes on."""

import time
from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from itertools import count, dropwhile, filterfalse, takewhile
from operator import attrgetter
from typing import BinaryIO, Final, NamedTuple

from producers.simulation.model.arrivals import TimeSlice
from producers.simulation.model.config import SimulationConfig
from producers.simulation.model.platform_models import PLATFORM_MODELS, PlatformModel
from producers.simulation.publication import simulate_heartbeats, simulate_publication
from producers.simulation.published_events import PlatformEncoder, PublishedEvent, encode_line
from streams.contract.events.schema.envelope import HeartbeatEvent
from streams.contract.registry.registry import Role
from streams.domain.duration_bins import DAY, MINUTE, SECOND
from streams.edge.clock import wall_clock_ms

# The number of its arrival decides between two that are told in the same millisecond.
_PendingEvent = tuple[int, int, PublishedEvent]
_LOGGED_AT: Final = attrgetter("logged_at_ms")


def simulate_history(config: SimulationConfig) -> Iterator[PublishedEvent]:
    """Yield everything told during the plan's span, in order of being told; the same plan gives the same events."""
    return takewhile(lambda told: told.logged_at_ms < config.end_ms, history_then_live(config))


def live_traffic(config: SimulationConfig) -> Iterator[PublishedEvent]:
    """Yield, without end, what is told after the plan's span: new reports, and late answers to those of the span.

    Begins after some seconds, since the lives of the span are simulated first; `endless` spares that.
    """
    return dropwhile(lambda told: told.logged_at_ms < config.end_ms, history_then_live(config))


def history_then_live(config: SimulationConfig) -> Iterator[PublishedEvent]:
    """Yield what `simulate` yields and then, without a break, what `live` yields."""
    voices = {profile.id: PlatformEncoder(config.seed, profile.id) for profile in PLATFORM_MODELS}
    pending: list[_PendingEvent] = []
    serial = count()
    for span in time_slices(config):
        due = _pop_due(pending, span.end_ms)
        for profile in PLATFORM_MODELS:
            for event in _publish_slice(config, profile, span, voices[profile.id]):
                if event.logged_at_ms < span.end_ms:
                    due.append(event)
                else:
                    heappush(pending, (event.logged_at_ms, next(serial), event))
        due.sort(key=_LOGGED_AT)
        yield from due


def time_slices(config: SimulationConfig) -> Iterator[TimeSlice]:
    """Yield the stretches that are simulated one after the other: UTC days of the span, then minutes for ever.

    A span's reports depend on its beginning and its width alone, so nothing that is asked for later changes them.
    """
    begin = config.start_ms
    while begin < config.end_ms:
        end = min(config.end_ms, (begin // DAY + 1) * DAY)
        yield TimeSlice(begin, end)
        begin = end
    while True:
        end = (begin // MINUTE + 1) * MINUTE
        yield TimeSlice(begin, end, config.live_rate.rate_factor)
        begin = end


def _publish_slice(
    config: SimulationConfig, platform: PlatformModel, time_slice: TimeSlice, encoder: PlatformEncoder
) -> Iterator[PublishedEvent]:
    """Yield what is ever told about the reports of `span`, life by life, and the heartbeats within it."""
    yield from simulate_heartbeats(config, platform, time_slice)
    for life, tellings in simulate_publication(config, platform, time_slice):
        yield from encoder.encode_steps(life, tellings)


def _pop_due(pending: list[_PendingEvent], until_ms: int) -> list[PublishedEvent]:
    """Return, in order, what is told before `until_ms`, and leave the rest in the heap `pending`."""
    due = []
    while pending and pending[0][0] < until_ms:
        due.append(heappop(pending)[2])
    return due


def history_lines(config: SimulationConfig) -> Iterator[bytes]:
    """Yield the lines of a plan's span."""
    return (encode_line(event) + b"\n" for event in simulate_history(config) if not _is_second_heartbeat(event))


def _is_second_heartbeat(event: PublishedEvent) -> bool:
    """Return whether this is the second copy of a heartbeat: a line speaks for both topics, who publishes it sends both."""
    return event.role is Role.ACTION_TAKEN and isinstance(event.event, HeartbeatEvent)


def write_live(config: SimulationConfig, out: BinaryIO) -> None:
    """Write a plan's span and then what is told after it, each event when the wall clock has reached it; without end."""
    events = filterfalse(_is_second_heartbeat, history_then_live(config))
    out.writelines(
        encode_line(event) + b"\n" for event in takewhile(lambda told: told.logged_at_ms < config.end_ms, events)
    )
    for due, told in schedule_events(events, ReplaySchedule(config.end_ms, config.end_ms)):
        ahead = due - wall_clock_ms()
        if ahead > 0:
            out.flush()
            time.sleep(ahead / SECOND)
        out.write(encode_line(told) + b"\n")


class ReplaySchedule(NamedTuple):
    """What was told at `told_ms` is sent at `sent_ms`, both epoch milliseconds; later events `speed` times as fast.

    A speed above one sends events whose times lie in the future, once it has caught up with the wall clock; a broker
    or worker that refuses these wants a speed of one.
    """

    logged_from_ms: int
    sent_from_ms: int
    speed: float = 1.0

    def send_at(self, logged_at_ms: int) -> int:
        """Return when to send what is told at `told_ms`; what lies before the origin is due at once."""
        return self.sent_from_ms + max(0, int((logged_at_ms - self.logged_from_ms) / self.speed))


def schedule_events(events: Iterable[PublishedEvent], schedule: ReplaySchedule) -> Iterator[tuple[int, PublishedEvent]]:
    """Yield each event with its send time; who sends waits for it."""
    if schedule.speed <= 0:
        raise ValueError(f"speed: expected a positive number, got {schedule.speed}")
    for event in events:
        yield schedule.send_at(event.logged_at_ms), event
