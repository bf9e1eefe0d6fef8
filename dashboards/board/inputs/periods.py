"""Adds up reports by period of filing days: objectives have months, quarters and days as periods, not weeks.

A period is filled once from all cohorts and then updated with each change. Rolling periods are new every midnight.
"""

from collections.abc import Collection, Iterable, Mapping

from dashboards.board.inputs.accumulator import CohortAccumulator
from streams.domain.cohorts.cohort import CohortKey
from streams.domain.cohorts.objectives import DayRange


class PeriodAccumulators:
    """Accumulators by period and platform."""

    def __init__(self) -> None:
        self._accumulators: dict[DayRange, dict[str, CohortAccumulator]] = {}

    def reports_of(self, period: DayRange, platform: str) -> CohortAccumulator:
        """Return the reports of a platform that were filed in a selected period."""
        return self._accumulators[period].get(platform) or CohortAccumulator()

    def add(self, cohort: CohortKey, name: bytes, count: int) -> None:
        """Add `count` to the value `name` of a cohort in every selected period that holds its day."""
        for period, accumulators in self._accumulators.items():
            if period.first <= cohort.day <= period.last:
                _add(accumulators, cohort, name, count)

    def select(self, periods: Collection[DayRange]) -> list[DayRange]:
        """Drop all periods that are not in `periods`; return those in it that must be filled."""
        self._accumulators = {
            period: accumulators for period, accumulators in self._accumulators.items() if period in periods
        }
        return sorted(set(periods) - self._accumulators.keys())

    def fill_periods(
        self, periods: Iterable[DayRange], cohorts: Iterable[tuple[CohortKey, Mapping[bytes, int]]]
    ) -> None:
        """Fill new periods; `cohorts` must include the cohorts of all their days and may include others."""
        filled: dict[DayRange, dict[str, CohortAccumulator]] = {period: {} for period in periods}
        for key, cohort in cohorts:
            for period, accumulators in filled.items():
                if period.first <= key.day <= period.last:
                    for name, count in cohort.items():
                        _add(accumulators, key, name, count)
        self._accumulators |= filled


def _add(accumulators: dict[str, CohortAccumulator], cohort: CohortKey, name: bytes, count: int) -> None:
    if cohort.platform not in accumulators:
        accumulators[cohort.platform] = CohortAccumulator()
    accumulators[cohort.platform].add(cohort, name, count)
