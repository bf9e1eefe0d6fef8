"""When to send what: event times and a speed become send times."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from producers.simulation.told import Told


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
