"""Digests by platform and filing day, kept so that a change costs no more than itself."""

from collections.abc import Callable, Iterable
from typing import Final

from streams.domain.cohorts.cohort import CohortKey
from streams.domain.duration_bins import DAY
from streams.domain.integrity.classifier import Lens
from streams.domain.integrity.counts import Recent, Seen

WINDOW: Final = 28
"""Filing days that are judged together: whole weeks, since weekends differ."""

BEFORE: Final = 56
"""Filing days before them to compare with."""

RIPE: Final = 2
"""Days that must have passed since a filing day: twice the standard limit, so that what is slow is known to be."""

_SPARE: Final = 28
"""Days kept beyond those that are read."""


class Days:
    """What the cohorts of all platforms come to, by filing day; `lens_of` gives a platform's lens."""

    def __init__(self, lens_of: Callable[[str], Lens]) -> None:
        self._lens_of = lens_of
        self._platforms: dict[str, _Platform] = {}

    def change(self, key: CohortKey, name: bytes, by: int) -> None:
        """Add `by` to what a cohort stores under `name`."""
        self._of(key.platform).change(key, name, by)

    def recent(self, platform: str, through: int, *, promised: bool) -> Recent:
        """Return what is to be judged of a platform that has told everything up to `through`."""
        return self._of(platform).recent(through // DAY - RIPE, promised=promised)

    def _of(self, platform: str) -> "_Platform":
        found = self._platforms.get(platform)
        if found is None:
            found = self._platforms[platform] = _Platform(self._lens_of(platform))
        return found


class _Platform:
    """One platform's days; what lies before the days that can still be read is let go."""

    def __init__(self, lens: Lens) -> None:
        self._lens = lens
        self._days: dict[int, Seen] = {}
        self._since = 0
        self._read: tuple[int, Seen, Seen] | None = None

    def change(self, key: CohortKey, name: bytes, by: int) -> None:
        if key.day < self._since:
            return
        seen = self._days.get(key.day)
        if seen is None:
            seen = self._days[key.day] = Seen()
        self._lens.count(seen, key, name, by)
        self._read = None

    def recent(self, end: int, *, promised: bool) -> Recent:
        """Return the window of days before `end`, and what came before it."""
        if self._read is None or self._read[0] != end:
            begin = end - WINDOW
            self._read = end, self._together(range(begin, end)), self._together(range(begin - BEFORE, begin))
            self._let_go(begin - BEFORE - _SPARE)
        _, now, before = self._read
        return Recent(now, before, self._lens.stretches, promised)

    def _together(self, days: Iterable[int]) -> Seen:
        whole = Seen()
        for day in days:
            if day in self._days:
                whole.add(self._days[day])
        return whole

    def _let_go(self, since: int) -> None:
        self._since = max(self._since, since)
        for day in [day for day in self._days if day < self._since]:
            del self._days[day]
