"""Simulates the events of all platforms in order of log time: a history, and live traffic after it."""

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

# Log time, serial number, event: the serial number decides between events of the same millisecond.
_PendingEvent = tuple[int, int, PublishedEvent]
_LOGGED_AT: Final = attrgetter("logged_at_ms")


def simulate_history(config: SimulationConfig) -> Iterator[PublishedEvent]:
    """Yield all events of the history in order of log time; equal configurations give equal events."""
    return takewhile(lambda event: event.logged_at_ms < config.end_ms, history_then_live(config))


def live_traffic(config: SimulationConfig) -> Iterator[PublishedEvent]:
    """Yield, without end, the events after the history: new reports, and late answers to reports of the history.

    The first event takes some seconds, since the history is simulated first; `history_then_live` yields at once.
    """
    return dropwhile(lambda event: event.logged_at_ms < config.end_ms, history_then_live(config))


def history_then_live(config: SimulationConfig) -> Iterator[PublishedEvent]:
    """Yield the events of `simulate_history`, and then those of `live_traffic`."""
    encoders = {platform.id: PlatformEncoder(config.seed, platform.id) for platform in PLATFORM_MODELS}
    pending: list[_PendingEvent] = []
    serial = count()
    for time_slice in time_slices(config):
        due = _pop_due(pending, time_slice.end_ms)
        for platform in PLATFORM_MODELS:
            for event in _publish_slice(config, platform, time_slice, encoders[platform.id]):
                if event.logged_at_ms < time_slice.end_ms:
                    due.append(event)
                else:
                    heappush(pending, (event.logged_at_ms, next(serial), event))
        due.sort(key=_LOGGED_AT)
        yield from due


def time_slices(config: SimulationConfig) -> Iterator[TimeSlice]:
    """Yield the time slices to simulate, in order: UTC days of the history, then minutes without end.

    The reports of a slice depend only on its begin and width, so other slices do not change them.
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
    """Yield all published events of the reports filed in `time_slice`, report by report, and its heartbeats."""
    yield from simulate_heartbeats(config, platform, time_slice)
    for report, publications in simulate_publication(config, platform, time_slice):
        yield from encoder.encode_steps(report, publications)


def _pop_due(pending: list[_PendingEvent], until_ms: int) -> list[PublishedEvent]:
    """Return, in order, the events before `until_ms`, and leave later events in the heap `pending`."""
    due = []
    while pending and pending[0][0] < until_ms:
        due.append(heappop(pending)[2])
    return due


def history_lines(config: SimulationConfig) -> Iterator[bytes]:
    """Yield the lines of the history, each with a line feed."""
    return (encode_line(event) + b"\n" for event in simulate_history(config) if not _is_second_heartbeat(event))


def _is_second_heartbeat(event: PublishedEvent) -> bool:
    """Return whether this is the second copy of a heartbeat: one line is enough, since publishers send it to both topics."""
    return event.role is Role.ACTION_TAKEN and isinstance(event.event, HeartbeatEvent)


def write_live(config: SimulationConfig, out: BinaryIO) -> None:
    """Write the history, and then live events when the wall clock reaches their log time; never returns."""
    events = filterfalse(_is_second_heartbeat, history_then_live(config))
    out.writelines(
        encode_line(event) + b"\n" for event in takewhile(lambda event: event.logged_at_ms < config.end_ms, events)
    )
    for due, event in schedule_events(events, ReplaySchedule(config.end_ms, config.end_ms)):
        ahead = due - wall_clock_ms()
        if ahead > 0:
            out.flush()
            time.sleep(ahead / SECOND)
        out.write(encode_line(event) + b"\n")


class ReplaySchedule(NamedTuple):
    """Maps log times to send times: `logged_from_ms` is sent at `sent_from_ms`, later events `speed` times as fast.

    Both are in epoch milliseconds. A speed above one sends events from the future when it has caught up with the wall
    clock; use a speed of one if broker or workers refuse such events.
    """

    logged_from_ms: int
    sent_from_ms: int
    speed: float = 1.0

    def send_at(self, logged_at_ms: int) -> int:
        """Return when to send an event of log time `logged_at_ms`; events before `logged_from_ms` are due at once."""
        return self.sent_from_ms + max(0, int((logged_at_ms - self.logged_from_ms) / self.speed))


def schedule_events(events: Iterable[PublishedEvent], schedule: ReplaySchedule) -> Iterator[tuple[int, PublishedEvent]]:
    """Yield each event with its send time; the caller waits. Raises ValueError for a speed that is not positive."""
    if schedule.speed <= 0:
        raise ValueError(f"speed: expected a positive number, got {schedule.speed}")
    for event in events:
        yield schedule.send_at(event.logged_at_ms), event
