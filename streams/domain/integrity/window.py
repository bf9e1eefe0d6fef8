"""Digests by platform and filing day, kept so that a change costs no more than itself."""

from collections.abc import Callable, Iterable
from typing import Final

from streams.domain.cohorts.cohort import CohortKey
from streams.domain.duration_bins import DAY
from streams.domain.integrity.classifier import ReportClassifier
from streams.domain.integrity.counts import CheckInput, TraitCounts

WINDOW_DAYS: Final = 28
"""Filing days that are judged together: whole weeks, since weekends differ."""

BASELINE_DAYS: Final = 56
"""Filing days before them to compare with."""

SETTLE_DAYS: Final = 2
"""Days that must have passed since a filing day: twice the standard limit, so that what is slow is known to be."""

_EXTRA_DAYS_KEPT: Final = 28
"""Days kept beyond those that are read."""


class DailyCounts:
    """What the cohorts of all platforms come to, by filing day; `lens_of` gives a platform's lens."""

    def __init__(self, classifier_of: Callable[[str], ReportClassifier]) -> None:
        self._classifier_of = classifier_of
        self._platforms: dict[str, _PlatformDays] = {}

    def add(self, key: CohortKey, name: bytes, by: int) -> None:
        """Add `by` to what a cohort stores under `name`."""
        self._platform_days(key.platform).add(key, name, by)

    def check_input(self, platform: str, watermark: int, *, is_declared_complete: bool) -> CheckInput:
        """Return what is to be judged of a platform that has told everything up to `through`."""
        return self._platform_days(platform).check_input(
            watermark // DAY - SETTLE_DAYS, is_declared_complete=is_declared_complete
        )

    def _platform_days(self, platform: str) -> "_PlatformDays":
        found = self._platforms.get(platform)
        if found is None:
            found = self._platforms[platform] = _PlatformDays(self._classifier_of(platform))
        return found


class _PlatformDays:
    """One platform's days; what lies before the days that can still be read is let go."""

    def __init__(self, classifier: ReportClassifier) -> None:
        self._classifier = classifier
        self._counts_by_day: dict[int, TraitCounts] = {}
        self._first_day = 0
        self._cached_window: tuple[int, TraitCounts, TraitCounts] | None = None

    def add(self, key: CohortKey, name: bytes, by: int) -> None:
        if key.day < self._first_day:
            return
        seen = self._counts_by_day.get(key.day)
        if seen is None:
            seen = self._counts_by_day[key.day] = TraitCounts()
        self._classifier.count(seen, key, name, by)
        self._cached_window = None

    def check_input(self, end: int, *, is_declared_complete: bool) -> CheckInput:
        """Return the window of days before `end`, and what came before it."""
        if self._cached_window is None or self._cached_window[0] != end:
            begin = end - WINDOW_DAYS
            self._cached_window = end, self._sum(range(begin, end)), self._sum(range(begin - BASELINE_DAYS, begin))
            self._drop_before(begin - BASELINE_DAYS - _EXTRA_DAYS_KEPT)
        _, now, before = self._cached_window
        return CheckInput(now, before, self._classifier.neighbourhoods, is_declared_complete)

    def _sum(self, days: Iterable[int]) -> TraitCounts:
        whole = TraitCounts()
        for day in days:
            if day in self._counts_by_day:
                whole.add(self._counts_by_day[day])
        return whole

    def _drop_before(self, since: int) -> None:
        self._first_day = max(self._first_day, since)
        for day in [day for day in self._counts_by_day if day < self._first_day]:
            del self._counts_by_day[day]
