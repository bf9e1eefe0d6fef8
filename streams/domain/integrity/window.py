"""Keep counts by platform and filing day, so that a changed cohort updates one day only."""

from collections.abc import Callable, Iterable
from typing import Final

from streams.domain.cohorts.cohort import CohortKey
from streams.domain.duration_bins import DAY
from streams.domain.integrity.classifier import ReportClassifier
from streams.domain.integrity.counts import CheckInput, TraitCounts

WINDOW_DAYS: Final = 28
"""Filing days that are checked together: whole weeks, since weekends differ."""

BASELINE_DAYS: Final = 56
"""Filing days before the window, with which it is compared."""

SETTLE_DAYS: Final = 2
"""Days that must have passed since a filing day: twice the standard limit, so that slow reports are known."""

_EXTRA_DAYS_KEPT: Final = 28
"""Days kept beyond window and baseline."""


class DailyCounts:
    """Counts of all platforms by filing day; `classifier_of` returns a platform's classifier."""

    def __init__(self, classifier_of: Callable[[str], ReportClassifier]) -> None:
        self._classifier_of = classifier_of
        self._platforms: dict[str, _PlatformDays] = {}

    def add(self, key: CohortKey, name: bytes, by: int) -> None:
        """Count that the number that a cohort stores under `name` has changed by `by`."""
        self._platform_days(key.platform).add(key, name, by)

    def check_input(self, platform: str, watermark: int, *, is_declared_complete: bool) -> CheckInput:
        """Return the input of the checks for a platform with this watermark (epoch ms)."""
        return self._platform_days(platform).check_input(
            watermark // DAY - SETTLE_DAYS, is_declared_complete=is_declared_complete
        )

    def _platform_days(self, platform: str) -> "_PlatformDays":
        found = self._platforms.get(platform)
        if found is None:
            found = self._platforms[platform] = _PlatformDays(self._classifier_of(platform))
        return found


class _PlatformDays:
    """One platform's counts by filing day; days that no later window needs are dropped."""

    def __init__(self, classifier: ReportClassifier) -> None:
        self._classifier = classifier
        self._counts_by_day: dict[int, TraitCounts] = {}
        self._first_day = 0
        self._cached_window: tuple[int, TraitCounts, TraitCounts] | None = None

    def add(self, key: CohortKey, name: bytes, by: int) -> None:
        if key.day < self._first_day:
            return
        counts = self._counts_by_day.get(key.day)
        if counts is None:
            counts = self._counts_by_day[key.day] = TraitCounts()
        self._classifier.count(counts, key, name, by)
        self._cached_window = None

    def check_input(self, end: int, *, is_declared_complete: bool) -> CheckInput:
        """Return the input of the checks for the window that ends before the day `end`."""
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
