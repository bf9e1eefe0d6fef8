"""The reports that were filed in some spans of days: rules are judged by months, quarters and days, not by weeks.

A span is filled once from all cohorts and then changes with them. Every midnight the rolling ones are filled anew.
"""

from collections.abc import Collection, Iterable, Mapping

from dashboards.board.inputs.accumulator import Pool
from streams.domain.cohort import CohortKey
from streams.domain.objective import Span


class Spans:
    """Pools by span and platform."""

    def __init__(self) -> None:
        self._pools: dict[Span, dict[str, Pool]] = {}

    def pool(self, span: Span, platform: str) -> Pool:
        """Return the reports of a platform that were filed in a span that is held."""
        return self._pools[span].get(platform) or Pool()

    def change(self, cohort: CohortKey, name: bytes, by: int) -> None:
        """Change what a cohort stores under `name` in every span that is held."""
        for span, pools in self._pools.items():
            if span.first <= cohort.day <= span.last:
                _change(pools, cohort, name, by)

    def missing(self, wanted: Collection[Span]) -> list[Span]:
        """Hold no other spans than those that are wanted; return those of them that must be filled."""
        self._pools = {span: pools for span, pools in self._pools.items() if span in wanted}
        return sorted(set(wanted) - self._pools.keys())

    def fill(self, missing: Iterable[Span], cohorts: Iterable[tuple[CohortKey, Mapping[bytes, int]]]) -> None:
        """Hold spans that were missing; `cohorts` are those of all their days and may be more."""
        filled: dict[Span, dict[str, Pool]] = {span: {} for span in missing}
        for key, cohort in cohorts:
            for span, pools in filled.items():
                if span.first <= key.day <= span.last:
                    for name, count in cohort.items():
                        _change(pools, key, name, count)
        self._pools |= filled


def _change(pools: dict[str, Pool], cohort: CohortKey, name: bytes, by: int) -> None:
    if cohort.platform not in pools:
        pools[cohort.platform] = Pool()
    pools[cohort.platform].change(cohort, name, by)
