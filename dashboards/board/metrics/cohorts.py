"""Computes the gauges of one platform: report states, ages, and the figures of its filing cohorts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from dashboards.board.inputs.accumulator import CohortAccumulator, iso_week, merge_cohort_samples
from dashboards.board.inputs.running_clocks import RunningClocks
from dashboards.board.metrics.running_clocks import running
from dashboards.board.samples import LabelledValues, Samples
from streams.contract.metrics.metric import COHORT_LIMITS, COHORT_WEEKS, RECENT_COHORT, STANDARD_CLOCK_IDS
from streams.contract.packs.exported_clocks import ExportedClock
from streams.domain.clocks.state_machine import OPEN_STATES, STATES
from streams.domain.cohorts.statistics import CohortSample
from streams.domain.duration_bins import DAY, SECOND
from streams.domain.survival import Curve, Interval, closed_only_median, estimate, is_reached, quantile
from streams.domain.survival.risk_table import Cells

_QUANTILES = {"median": 0.5, "p90": 0.9}


class ClockEstimates(NamedTuple):
    """The exported figures of one clock on one cohort; None where a value is not known."""

    is_measurable: bool
    share_within: Mapping[str, Interval | None]
    quantiles: Mapping[str, Interval]
    quantile_reached: Mapping[str, bool | None]
    closed_only_median: float | None


def estimate_clock(cells: Cells) -> ClockEstimates:
    """Return the figures of a cohort's cells."""
    curve: Curve = estimate(cells)
    return ClockEstimates(
        is_measurable=curve.exposure.is_measurable,
        share_within={word: curve.within(limit) for word, limit in COHORT_LIMITS.items()},
        quantiles={word: quantile(curve, p) for word, p in _QUANTILES.items()},
        quantile_reached={word: is_reached(curve, p) for word, p in _QUANTILES.items()},
        closed_only_median=closed_only_median(cells),
    )


class CohortMetrics:
    """Computes the figures of one platform and caches them: an estimate is recomputed only when its cells change."""

    def __init__(self, platform: str, cadence: int) -> None:
        self._platform = platform
        self._cadence = cadence
        self._cached_estimates: dict[tuple[int | str, str], tuple[Cells, ClockEstimates]] = {}

    def samples(
        self, accumulators: Mapping[int, CohortAccumulator], clocks: Sequence[ExportedClock], watermark: int, as_of: int
    ) -> Iterator[Samples]:
        """Yield the samples one cohort at a time, so that the caller can let other tasks run.

        Cohort figures exist for the standard clocks only. `watermark` is 0 while the platform has not declared one on
        every partition: shares and quantiles are then left out, since the ages of open reports are not known.
        """
        samples = {week: accumulator.to_sample(watermark) for week, accumulator in accumulators.items()}
        total = merge_cohort_samples(samples.values())
        yield self._platform_samples(total)
        yield running(self._platform, clocks, total, self._running_clocks(accumulators.values(), clocks, watermark))
        standard = [clock for clock in clocks if clock.id in STANDARD_CLOCK_IDS]
        current = iso_week(as_of // DAY)
        weeks = range(current, current - COHORT_WEEKS, -1)
        for age, week in enumerate(weeks):
            sample = samples.get(week) or CohortSample()
            yield self._cohort_samples(f"week-{age:02}", standard, sample, has_watermark=bool(watermark))
        recent = merge_cohort_samples(samples[week] for week in weeks if week in samples)
        yield self._cohort_samples(RECENT_COHORT, standard, recent, has_watermark=bool(watermark))

    def _running_clocks(
        self, accumulators: Iterable[CohortAccumulator], clocks: Sequence[ExportedClock], watermark: int
    ) -> RunningClocks:
        limits = {
            version.hash: version.limit for clock in clocks for version in clock.versions if version.limit is not None
        }
        running_clocks = RunningClocks(limits, watermark, self._cadence)
        for accumulator in accumulators:
            accumulator.count_running(running_clocks)
        return running_clocks

    def _platform_samples(self, sample: CohortSample) -> Samples:
        labels = (self._platform,)
        values: Samples = {
            "safeclock_reports": {(*labels, state): sample.states[state] for state in STATES},
            "safeclock_open_reports": {labels: sum(sample.states[state] for state in OPEN_STATES)},
        }
        if sample.oldest_open_at is not None:
            values["safeclock_oldest_open_report_timestamp_seconds"] = {labels: sample.oldest_open_at / SECOND}
        return values

    def _cohort_samples(
        self, name: str, clocks: Sequence[ExportedClock], sample: CohortSample, *, has_watermark: bool
    ) -> Samples:
        labels = (self._platform, name)
        values: Samples = {
            "safeclock_cohort_filed_reports": {labels: sample.filed},
            "safeclock_cohort_open_reports": {labels: sum(sample.states[state] for state in OPEN_STATES)},
        }
        for clock in clocks:
            estimates = self._estimates(name, clock, sample)
            for metric, series in _clock_samples((*labels, clock.id), estimates, has_watermark=has_watermark).items():
                values.setdefault(metric, {}).update(series)
        return values

    def _estimates(self, cohort: str, clock: ExportedClock, sample: CohortSample) -> ClockEstimates:
        cells = sample.merged_cells(clock.versions)
        cached = self._cached_estimates.get((cohort, clock.id))
        if cached is not None and cached[0] == cells:
            return cached[1]
        estimates = estimate_clock(cells)
        self._cached_estimates[cohort, clock.id] = (cells, estimates)
        return estimates


def _clock_samples(labels: tuple[str, ...], estimates: ClockEstimates, *, has_watermark: bool) -> Samples:
    """Return the series of one clock on one cohort; without a watermark the ages of open reports are not known."""
    measurable = has_watermark and estimates.is_measurable
    within: LabelledValues = {}
    quantiles: LabelledValues = {}
    for word, share in estimates.share_within.items() if measurable else ():
        within |= _bound_values((*labels, word), share)
    for word, interval in estimates.quantiles.items() if measurable else ():
        quantiles |= _bound_values((*labels, word), interval)
    return {
        "safeclock_cohort_measurable": {labels: float(measurable)},
        "safeclock_cohort_within_ratio": within,
        "safeclock_cohort_quantile_seconds": quantiles,
        "safeclock_cohort_quantile_reached": {
            (*labels, word): float(reached)
            for word, reached in estimates.quantile_reached.items()
            if has_watermark and reached is not None
        },
        "safeclock_cohort_closed_only_median_seconds": {}
        if estimates.closed_only_median is None
        else {labels: estimates.closed_only_median},
    }


def _bound_values(labels: tuple[str, ...], interval: Interval | None) -> LabelledValues:
    """Return the estimate and its known interval bounds; nothing if the estimate is not known."""
    if interval is None or interval.value is None:
        return {}
    named = {"estimate": interval.value, "low": interval.low, "high": interval.high}
    return {(*labels, bound): value for bound, value in named.items() if value is not None}
