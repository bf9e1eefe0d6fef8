"""The configuration of a simulation: seed, time span and volume; equal configurations give equal events."""

from typing import Final, NamedTuple, Self

from producers.simulation.model.difficulty import Difficulty
from producers.simulation.model.seasonality import WEEK
from streams.domain.duration_bins import DAY, HOUR, SECOND

DEFAULT_START_MS: Final = 1_767_571_200_000
"""Monday 2026-01-05, midnight UTC: the default start of a history."""


class LiveRate(NamedTuple):
    """The rate of live traffic after the history.

    Reports arrive at `rate_factor` times the rate of the history, and heartbeats every `heartbeat_ms`; a platform that
    publishes nightly keeps its nightly heartbeat.
    """

    rate_factor: float = 1.0
    heartbeat_ms: int = 10_000


class SimulationConfig(NamedTuple):
    """A history of `weeks` weeks from `start_ms` with about `reports` reports over all platforms.

    `heartbeat_ms` is the minimum time between two heartbeats of a platform; with 0 each platform uses its cadence. A
    publisher sends every heartbeat to every partition: on eight partitions of both topics, thirteen weeks of heartbeats
    every five minutes would be twenty times as many records as reports.
    """

    seed: int
    start_ms: int = DEFAULT_START_MS
    weeks: int = 13
    reports: int = 150_000
    heartbeat_ms: int = 6 * HOUR
    live_rate: LiveRate = LiveRate()
    difficulty: Difficulty = Difficulty()

    @classmethod
    def ending_at(cls, end_ms: int, seed: int, weeks: int = 13, reports: int = 150_000) -> Self:
        """Return the configuration whose history ends at `end_ms`, for a demo with live traffic after it."""
        return cls(seed, end_ms - weeks * WEEK, weeks, reports)

    def with_live_traffic(self, reports_per_second: float, heartbeat_ms: int = 10_000) -> Self:
        """Return this configuration with live traffic of `reports_per_second`, the weekly average over all platforms."""
        usual = self.reports * SECOND / (self.weeks * WEEK)
        return self._replace(live_rate=LiveRate(reports_per_second / usual, heartbeat_ms))

    @property
    def end_ms(self) -> int:
        """The end of the history and the start of live traffic, in epoch milliseconds."""
        return self.start_ms + self.weeks * WEEK

    def change_date(self, share: float) -> int:
        """Return the first midnight (UTC) after `share` of the history, the date of a planted change."""
        exact = self.start_ms + int(share * self.weeks * WEEK)
        return -(-exact // DAY) * DAY
