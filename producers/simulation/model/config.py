"""What to simulate: seed, span, volume. Nothing else decides what comes out."""

from typing import Final, NamedTuple, Self

from producers.simulation.model.seasonality import WEEK
from streams.domain.duration_bins import DAY, HOUR, SECOND

DEFAULT_START_MS: Final = 1_767_571_200_000
"""Monday 2026-01-05, midnight UTC: where a history begins when nobody says otherwise."""


class LiveRate(NamedTuple):
    """Live traffic after the end of the span, which a room full of people can watch.

    `busier` times as many reports are filed as before, and heartbeats follow each other after `heartbeat_ms` (a
    nightly platform keeps to its nights).
    """

    rate_factor: float = 1.0
    heartbeat_ms: int = 10_000


class SimulationConfig(NamedTuple):
    """A seeded span of history: `weeks` weeks from `start_ms` with about `reports` reports over all platforms.

    `heartbeat_ms` is the least time between two heartbeats of a platform; 0 leaves each its cadence. A publisher sends
    every heartbeat to every partition: thirteen weeks of them at five minutes would be twenty times the reports on eight
    partitions of both topics.
    """

    seed: int
    start_ms: int = DEFAULT_START_MS
    weeks: int = 13
    reports: int = 150_000
    heartbeat_ms: int = 6 * HOUR
    live_rate: LiveRate = LiveRate()

    @classmethod
    def ending_at(cls, end_ms: int, seed: int, weeks: int = 13, reports: int = 150_000) -> Self:
        """Return the plan whose history ends at `end_ms`, for a demo that goes on live from there."""
        return cls(seed, end_ms - weeks * WEEK, weeks, reports)

    def with_live_traffic(self, reports_per_second: float, heartbeat_ms: int = 10_000) -> Self:
        """Return this plan with so many reports a second after its history, over all platforms and on the week's average."""
        usual = self.reports * SECOND / (self.weeks * WEEK)
        return self._replace(live_rate=LiveRate(reports_per_second / usual, heartbeat_ms))

    @property
    def end_ms(self) -> int:
        """Return the end of the span: where history stops and live traffic begins."""
        return self.start_ms + self.weeks * WEEK

    def change_date(self, share: float) -> int:
        """Return the first midnight (UTC) after `share` of the span, the date of a planted change."""
        exact = self.start_ms + int(share * self.weeks * WEEK)
        return -(-exact // DAY) * DAY
