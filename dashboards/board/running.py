"""The clocks that run on reports now: how many are past their limit or near it, and which runs longest."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from dashboards.board.values import Series, Values
from streams.contract.watched import Watched
from streams.domain.figures import Sample
from streams.domain.grid import FOREVER_MS, SECOND

_SOON: Final = 4
"""A limit is near when no more than this part of it is left."""


class Running:
    """Counts by the marks of clocks; `since` is the effective start of the one that runs longest.

    `limits` are those of clocks that have one, `through` the instant at which all is read, `cadence` how long the
    platform may be silent; all in milliseconds.
    """

    def __init__(self, limits: Mapping[bytes, int], through: int, cadence: int) -> None:
        self.overdue: Counter[bytes] = Counter()
        self.due_soon: Counter[bytes] = Counter()
        self.urgent_overdue: Counter[bytes] = Counter()
        self.since: dict[bytes, int] = {}
        self.through = through
        self._limits = limits
        self._cadence = cadence

    def count(self, clock: bytes, since: int, reports: int, *, urgent: bool) -> None:
        """Count reports on which a clock has run since an instant."""
        self.since[clock] = min(since, self.since.get(clock, since))
        limit = self._limits.get(clock, FOREVER_MS)
        left = limit - (self.through - since)
        if left < 0:
            self.overdue[clock] += reports
            if urgent and -left > self._cadence:
                self.urgent_overdue[clock] += reports
        elif left <= limit // _SOON:
            self.due_soon[clock] += reports


def running(platform: str, clocks: Sequence[Watched], sample: Sample, now: Running) -> Values:
    """Return the gauges of clocks that run now, or are paused, by their ids.

    Nobody knows which are past their limits while the platform has not told up to when it is complete.
    """
    counts = {
        "safeclock_overdue_reports": now.overdue,
        "safeclock_due_soon_reports": now.due_soon,
        "safeclock_urgent_overdue_reports": now.urgent_overdue,
    }
    values: Values = {
        name: {(platform, clock.id): _sum(count, clock) for clock in clocks if clock.limited}
        for name, count in counts.items()
        if now.through
    }
    paused: Series = {(platform, clock.id): _sum(sample.paused, clock) for clock in clocks if clock.pauses}
    oldest: Series = {}
    for clock in clocks:
        since = [now.since[one.mark] for one in clock.versions if one.mark in now.since]
        if since:
            oldest[platform, clock.id] = min(since) / SECOND
    return {
        **values,
        "safeclock_paused_reports": paused,
        "safeclock_oldest_running_clock_timestamp_seconds": oldest,
    }


def _sum(counts: Mapping[bytes, int], clock: Watched) -> float:
    return sum(counts.get(one.mark, 0) for one in clock.versions)
