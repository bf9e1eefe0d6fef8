"""The clocks that run on reports now: how many are past their limit or near it, and which runs longest."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from streams.domain.deadlines import NEVER

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
        limit = self._limits.get(clock, NEVER)
        left = limit - (self.through - since)
        if left < 0:
            self.overdue[clock] += reports
            if urgent and -left > self._cadence:
                self.urgent_overdue[clock] += reports
        elif left <= limit // _SOON:
            self.due_soon[clock] += reports
