"""The metrics of what holds now: states, ages and the figures of filing cohorts of one platform."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from dashboards.board.inputs.accumulator import Pool, merged, week_of
from dashboards.board.inputs.running_clocks import Running
from dashboards.board.metrics.running_clocks import running
from dashboards.board.samples import Series, Values
from streams.contract.metrics.metric import COHORT_LIMITS, COHORT_WEEKS, RECENT_COHORT, STANDARD_CLOCK_IDS
from streams.contract.packs.exported_clocks import ExportedClock
from streams.domain.figures import Sample
from streams.domain.grid import DAY, SECOND
from streams.domain.states import OPEN_STATES, STATES
from streams.domain.survival import Curve, Interval, closed_only_median, estimate
from streams.domain.survival.risk import Cells

_QUANTILES = {"median": 0.5, "p90": 0.9}


class ClockNow(NamedTuple):
    """What is exported of one clock on one cohort; None where a value cannot be given."""

    measurable: bool
    within: Mapping[str, Interval | None]
    quantiles: Mapping[str, Interval]
    reached: Mapping[str, bool | None]
    published: float | None


def clock_now(cells: Cells) -> ClockNow:
    """Return the figures of a cohort's cells."""
    curve: Curve = estimate(cells)
    return ClockNow(
        measurable=curve.exposure.measurable,
        within={word: curve.within(limit) for word, limit in COHORT_LIMITS.items()},
        quantiles={word: curve.quantile(p) for word, p in _QUANTILES.items()},
        reached={word: curve.reaches(p) for word, p in _QUANTILES.items()},
        published=closed_only_median(cells),
    )


class Figured:
    """The figures of one platform, kept from one reading to the next: what has not changed is not computed again."""

    def __init__(self, platform: str, cadence: int) -> None:
        self._platform = platform
        self._cadence = cadence
        self._known: dict[tuple[int | str, str], tuple[Cells, ClockNow]] = {}

    def values(
        self, pools: Mapping[int, Pool], clocks: Sequence[ExportedClock], through: int, as_of: int
    ) -> Iterator[Values]:
        """Yield the values step by step, a cohort at a time, since all of them take a while.

        Of cohorts only the standard clocks are told. `through` is up to when the platform has told everything, 0 while
        it has not said so everywhere: its shares and quantiles are then not given, since nobody knows how long its open
        reports have waited.
        """
        samples = {week: pool.sample(through) for week, pool in pools.items()}
        whole = merged(samples.values())
        yield self._whole(whole)
        yield running(self._platform, clocks, whole, self._running(pools.values(), clocks, through))
        standard = [clock for clock in clocks if clock.id in STANDARD_CLOCK_IDS]
        current = week_of(as_of // DAY)
        weeks = range(current, current - COHORT_WEEKS, -1)
        for age, week in enumerate(weeks):
            sample = samples.get(week) or Sample()
            yield self._cohort(f"week-{age:02}", standard, sample, known=bool(through))
        recent = merged(samples[week] for week in weeks if week in samples)
        yield self._cohort(RECENT_COHORT, standard, recent, known=bool(through))

    def _running(self, pools: Iterable[Pool], clocks: Sequence[ExportedClock], through: int) -> Running:
        limits = {one.mark: one.limit for clock in clocks for one in clock.versions if one.limit is not None}
        found = Running(limits, through, self._cadence)
        for pool in pools:
            pool.run(found)
        return found

    def _whole(self, sample: Sample) -> Values:
        own = (self._platform,)
        values: Values = {
            "safeclock_reports": {(*own, state): sample.states[state] for state in STATES},
            "safeclock_open_reports": {own: sum(sample.states[state] for state in OPEN_STATES)},
        }
        if sample.oldest_open is not None:
            values["safeclock_oldest_open_report_timestamp_seconds"] = {own: sample.oldest_open / SECOND}
        return values

    def _cohort(self, name: str, clocks: Sequence[ExportedClock], sample: Sample, *, known: bool) -> Values:
        own = (self._platform, name)
        values: Values = {
            "safeclock_cohort_filed_reports": {own: sample.filed},
            "safeclock_cohort_open_reports": {own: sum(sample.states[state] for state in OPEN_STATES)},
        }
        for clock in clocks:
            now = self._now(name, clock, sample)
            for metric, series in _series((*own, clock.id), now, known=known).items():
                values.setdefault(metric, {}).update(series)
        return values

    def _now(self, cohort: str, clock: ExportedClock, sample: Sample) -> ClockNow:
        cells = sample.cells_of(clock.versions)
        before = self._known.get((cohort, clock.id))
        if before is not None and before[0] == cells:
            return before[1]
        now = clock_now(cells)
        self._known[cohort, clock.id] = (cells, now)
        return now


def _series(own: tuple[str, ...], now: ClockNow, *, known: bool) -> Values:
    """Return the series of one clock on one cohort; `known` says that the ages of its open reports are."""
    measurable = known and now.measurable
    within: Series = {}
    quantiles: Series = {}
    for word, share in now.within.items() if measurable else ():
        within |= _bounds((*own, word), share)
    for word, quantile in now.quantiles.items() if measurable else ():
        quantiles |= _bounds((*own, word), quantile)
    return {
        "safeclock_cohort_measurable": {own: float(measurable)},
        "safeclock_cohort_within_ratio": within,
        "safeclock_cohort_quantile_seconds": quantiles,
        "safeclock_cohort_quantile_reached": {
            (*own, word): float(reached) for word, reached in now.reached.items() if known and reached is not None
        },
        "safeclock_cohort_closed_only_median_seconds": {} if now.published is None else {own: now.published},
    }


def _bounds(words: tuple[str, ...], interval: Interval | None) -> Series:
    """Return a value and its limits, those of them that can be given, and none without a value."""
    if interval is None or interval.value is None:
        return {}
    named = {"estimate": interval.value, "low": interval.low, "high": interval.high}
    return {(*words, bound): value for bound, value in named.items() if value is not None}
