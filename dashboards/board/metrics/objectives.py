"""Computes the objective metrics of one platform: whether the filings of a period meet each objective."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from dashboards.board.inputs.accumulator import CohortAccumulator
from dashboards.board.samples import Samples
from streams.contract.metrics.metric import PERIODS
from streams.contract.packs.exported_clocks import ExportedClock
from streams.domain.cohorts.objectives import (
    DayRange,
    ObjectiveResult,
    Period,
    Statistic,
    Target,
    evaluate_objective,
    period_ranges,
)
from streams.domain.cohorts.statistics import CohortSample, clock_statistics
from streams.domain.duration_bins import DAY
from streams.domain.survival.risk_table import Cells

_CURRENT_PERIOD = PERIODS[0]


class _ObjectiveInputs(NamedTuple):
    """Everything that determines the result of an objective; the key of the cache."""

    target: Target
    cells: Cells
    reports: int
    duration_totals: tuple[int, ...]
    has_watermark: bool


class _ObjectiveTarget(NamedTuple):
    """A clock with the period and the target of its objective."""

    clock: ExportedClock
    period: Period
    target: Target


def _objective_targets(clocks: Iterable[ExportedClock], as_of: int) -> Iterator[_ObjectiveTarget]:
    for clock in clocks:
        rule = clock.rule_at(as_of)
        if rule is not None and rule.target is not None:
            yield _ObjectiveTarget(clock, rule.period, rule.target)


def needed_periods(clocks: Iterable[ExportedClock], as_of: int) -> set[DayRange]:
    """Return the periods of filing days that the objectives of `clocks` need at an instant, epoch milliseconds."""
    return {
        period
        for objective in _objective_targets(clocks, as_of)
        for period in period_ranges(objective.period, as_of // DAY)
    }


class ObjectiveMetrics:
    """Evaluates the objectives of one platform and caches results: an objective is evaluated when its inputs change."""

    def __init__(self, platform: str) -> None:
        self._platform = platform
        self._cached_results: dict[tuple[str, str], tuple[_ObjectiveInputs, ObjectiveResult]] = {}

    def samples(
        self,
        reports_of: Callable[[DayRange, str], CohortAccumulator],
        clocks: Sequence[ExportedClock],
        watermark: int,
        as_of: int,
    ) -> Iterator[Samples]:
        """Yield the samples one clock at a time.

        `reports_of` returns the reports of a selected period. `watermark` is 0 while the platform has not declared
        one on every partition: the ages of its open reports are then not known.
        """
        by_period: dict[Period, list[_ObjectiveTarget]] = {}
        for objective in _objective_targets(clocks, as_of):
            by_period.setdefault(objective.period, []).append(objective)
        for period, objectives in by_period.items():
            hashes = frozenset([version.hash for objective in objectives for version in objective.clock.versions])
            for period_name, days in zip(PERIODS, period_ranges(period, as_of // DAY), strict=True):
                sample = reports_of(days, self._platform).to_sample(watermark, hashes)
                for clock, _, target in objectives:
                    result = self._evaluate(period_name, clock, target, sample, has_watermark=bool(watermark))
                    yield _objective_samples((self._platform, clock.id), period_name, target, result)

    def _evaluate(
        self, period_name: str, clock: ExportedClock, target: Target, sample: CohortSample, *, has_watermark: bool
    ) -> ObjectiveResult:
        hashes = [version.hash for version in clock.versions]
        inputs = _ObjectiveInputs(
            target=target,
            cells=sample.merged_cells(clock.versions),
            reports=sum(sample.reports[clock_hash] for clock_hash in hashes),
            duration_totals=tuple(
                [totals[clock_hash] for totals in (sample.stopped_totals, sample.open_totals) for clock_hash in hashes]
            ),
            has_watermark=has_watermark,
        )
        cached = self._cached_results.get((clock.id, period_name))
        if cached is not None and cached[0] == inputs:
            return cached[1]
        figures = clock_statistics(sample, clock.versions)
        result = evaluate_objective(figures, inputs.cells, inputs.reports, target, has_watermark=has_watermark)
        self._cached_results[clock.id, period_name] = (inputs, result)
        return result


def _objective_samples(labels: tuple[str, str], period_name: str, target: Target, result: ObjectiveResult) -> Samples:
    """Return the series of one objective in one period."""
    is_share = target.statistic in (Statistic.EACH, Statistic.SHARE)
    value = f"safeclock_objective_{'ratio' if is_share else 'seconds'}"
    values: Samples = {"safeclock_objective_reports": {(*labels, period_name): result.reports}}
    if result.value is not None:
        values[value] = {(*labels, period_name): result.value}
        if target.statistic is Statistic.MEAN:
            values["safeclock_objective_lower_bound"] = {(*labels, period_name): result.lower_bound}
    if result.met is not None:
        values["safeclock_objective_met"] = {(*labels, period_name): result.met}
    if result.misses_left is not None and period_name == _CURRENT_PERIOD:
        values["safeclock_objective_budget_reports"] = {labels: result.misses_left}
    return values
