"""Counts the clocks that run now: how many are past their limit or near it, and which one runs longest."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from streams.domain.duration_bins import FOREVER_MS

_DUE_SOON_FRACTION: Final = 4
"""A report is due soon when at most one in this many parts of the limit is left."""


class RunningClocks:
    """Counts by clock hash; `earliest_start` is the effective start of the clock that runs longest.

    `limits` are by clock hash; `watermark` is the instant at which ages are read; `cadence` is the platform's
    heartbeat interval. All are in milliseconds.
    """

    def __init__(self, limits: Mapping[bytes, int], watermark: int, cadence: int) -> None:
        self.overdue: Counter[bytes] = Counter()
        self.due_soon: Counter[bytes] = Counter()
        self.urgent_overdue: Counter[bytes] = Counter()
        self.earliest_start: dict[bytes, int] = {}
        self.watermark = watermark
        self._limits = limits
        self._cadence = cadence

    def count(self, clock_hash: bytes, since: int, reports: int, *, is_urgent: bool) -> None:
        """Count reports on which a clock has run since the instant `since`."""
        self.earliest_start[clock_hash] = min(since, self.earliest_start.get(clock_hash, since))
        limit = self._limits.get(clock_hash, FOREVER_MS)
        left = limit - (self.watermark - since)
        if left < 0:
            self.overdue[clock_hash] += reports
            if is_urgent and -left > self._cadence:
                self.urgent_overdue[clock_hash] += reports
        elif left <= limit // _DUE_SOON_FRACTION:
            self.due_soon[clock_hash] += reports
