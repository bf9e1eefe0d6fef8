"""The reports that were filed in some spans of days: rules are judged by months, quarters and days, not by weeks.

A span is filled once from all cohorts and then changes with them. Every midnight the rolling ones are filled anew.
"""

from collections.abc import Collection, Iterable, Mapping

from dashboards.board.inputs.accumulator import CohortAccumulator
from streams.domain.cohorts.cohort import CohortKey
from streams.domain.cohorts.objectives import DayRange


class PeriodAccumulators:
    """Pools by span and platform."""

    def __init__(self) -> None:
        self._accumulators: dict[DayRange, dict[str, CohortAccumulator]] = {}

    def reports_of(self, period: DayRange, platform: str) -> CohortAccumulator:
        """Return the reports of a platform that were filed in a span that is held."""
        return self._accumulators[period].get(platform) or CohortAccumulator()

    def add(self, cohort: CohortKey, name: bytes, count: int) -> None:
        """Change what a cohort stores under `name` in every span that is held."""
        for span, pools in self._accumulators.items():
            if span.first <= cohort.day <= span.last:
                _add(pools, cohort, name, count)

    def select(self, periods: Collection[DayRange]) -> list[DayRange]:
        """Hold no other spans than those that are wanted; return those of them that must be filled."""
        self._accumulators = {span: pools for span, pools in self._accumulators.items() if span in periods}
        return sorted(set(periods) - self._accumulators.keys())

    def fill_periods(
        self, periods: Iterable[DayRange], cohorts: Iterable[tuple[CohortKey, Mapping[bytes, int]]]
    ) -> None:
        """Hold spans that were missing; `cohorts` are those of all their days and may be more."""
        filled: dict[DayRange, dict[str, CohortAccumulator]] = {span: {} for span in periods}
        for key, cohort in cohorts:
            for span, pools in filled.items():
                if span.first <= key.day <= span.last:
                    for name, count in cohort.items():
                        _add(pools, key, name, count)
        self._accumulators |= filled


def _add(accumulators: dict[str, CohortAccumulator], cohort: CohortKey, name: bytes, count: int) -> None:
    if cohort.platform not in accumulators:
        accumulators[cohort.platform] = CohortAccumulator()
    accumulators[cohort.platform].add(cohort, name, count)
