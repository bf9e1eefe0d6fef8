"""The board: computes the exported metrics from the measures that were read."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from dashboards.board.inputs.accumulator import first_day_of_week, iso_week, merge_cohort_samples
from dashboards.board.inputs.freshness import Freshness, assess_freshness
from dashboards.board.inputs.measures_state import MeasuresState
from dashboards.board.metrics.cohorts import CohortMetrics
from dashboards.board.metrics.counters import counter_samples, histogram_samples
from dashboards.board.metrics.freshness import Release, info_samples, input_samples
from dashboards.board.metrics.integrity import daily_counts, integrity_samples
from dashboards.board.metrics.objectives import ObjectiveMetrics, needed_periods
from dashboards.board.samples import LabelledValues, Samples
from dashboards.board.snapshot import Snapshot, merge_samples
from dashboards.board.verdicts import BoardVerdicts
from streams.contract.metrics.metric import COHORT_WEEKS, RECENT_COHORT, STANDARD_CLOCK_IDS
from streams.contract.outputs.measure_report import group_report, history_warnings, measure_report
from streams.contract.packs.exported_clocks import ExportedClock, exported_clocks
from streams.contract.registry.classifiers import classifiers
from streams.contract.registry.registry import DEFAULT_CADENCE_MS, Registry
from streams.domain.cohorts.statistics import CohortSample, GroupKey, group_key, samples_by_group
from streams.domain.duration_bins import DAY, SECOND
from streams.domain.ledger.config import DEFAULT_CAPACITY
from streams.domain.ledger.counters import ORPHANS
from streams.domain.ledger.platform_state import watermark

_MAX_APPLIED_AT_ONCE: Final = 500
_ONLY_WITH_GAUGES: Final = frozenset({"safeclock_as_of_timestamp_seconds", "safeclock_partition_records_lost_total"})
"""Input metrics that are exported only together with figures."""
_NO_WATERMARK_WARNING: Final = "the platform has not declared a watermark on every partition"


class NotReadyError(Exception):
    """Figures were requested before every partition was read to its end; the message says why."""


class Board:
    """Adds up measures and offers them as a snapshot; `now` reads the wall clock in epoch milliseconds.

    A scrape reads `snapshot`. `refresh_snapshot` updates its counters; `compute_gauges` computes everything else and
    takes longer. No figure is in the snapshot before both have run on complete inputs.
    """

    def __init__(self, registry: Registry, release: Release, now: Callable[[], int]) -> None:
        self.verdicts = BoardVerdicts(release.declarations, classifiers(registry, release.rulebook.clocks))
        self.measures = MeasuresState(daily_counts(registry, release.rulebook.clocks), now, self.verdicts.add)
        self.snapshot = Snapshot()
        self._registry = registry
        self._release = release
        self._now = now
        self._cohort_metrics: dict[str, CohortMetrics] = {}
        self._objective_metrics: dict[str, ObjectiveMetrics] = {}
        self._exported_clocks: tuple[frozenset[str], tuple[ExportedClock, ...]] | None = None
        self._gauges: Samples = {}

    def assess_freshness(self, caught_up: Collection[int]) -> Freshness:
        """Return how fresh the inputs are now; `caught_up` are the partitions that were read to their ends."""
        return assess_freshness(
            self.measures.statuses, caught_up, self._now(), self._release.pack_name, self.measures.received_at
        )

    @property
    def platforms(self) -> list[str]:
        """The platforms of the registry; if the registry accepts all, those with counters."""
        if not self._registry.accepts_all:
            return sorted(self._registry.platforms)
        return sorted(
            name
            for name in self.measures.platform_counters.platform_names()
            if self._registry.platform(name) is not None
        )

    @property
    def clocks(self) -> tuple[ExportedClock, ...]:
        """The exported clocks: those of the rulebook, and those that any partition has ever loaded."""
        # The keys are enough to detect a change, since the clock under a key never changes.
        if self._exported_clocks is None or self._exported_clocks[0] != self.measures.clocks.keys():
            self._exported_clocks = (
                frozenset(self.measures.clocks),
                exported_clocks(self._release.rulebook, self.measures.clocks.values()),
            )
        return self._exported_clocks[1]

    def watermark(self, platform: str, fresh: Freshness) -> int:
        """Return the watermark of a platform in epoch milliseconds: `as_of` if the platform sends no heartbeats.

        0 while the platform has declared a watermark on some partitions only.
        """
        as_of, counters = fresh.as_of or 0, self.measures.platform_counters
        declared = counters.complete_through(platform, fresh.partition_count or 0)
        if not declared:
            return as_of if declared is None else 0
        return min(as_of, watermark(declared, counters.last_logged_at(platform) or 0, self._cadence(platform)))

    def _cadence(self, platform: str) -> int:
        registered = self._registry.platform(platform)
        return DEFAULT_CADENCE_MS if registered is None else registered.cadence_ms

    def _capacity(self, platform: str) -> int:
        registered = self._registry.platform(platform)
        return DEFAULT_CAPACITY if registered is None else registered.capacity

    async def apply_pending(self) -> None:
        """Apply pending changes in small batches, so that other tasks run in between."""
        while self.measures.pending_count:
            self.measures.apply_pending(_MAX_APPLIED_AT_ONCE)
            await asyncio.sleep(0)

    async def compute_gauges(self, fresh: Freshness) -> None:
        """Compute gauges and cohort figures, and let other tasks run in between; incomplete inputs change nothing."""
        if fresh.as_of is None:
            return
        await self.apply_pending()
        clocks = self.clocks
        self.measures.select_periods(needed_periods(clocks, fresh.as_of))
        await asyncio.sleep(0)
        parts = [_calendar_samples(fresh.as_of)]
        for platform in self.platforms:
            for values in self._estimate_samples(platform, clocks, self.watermark(platform, fresh), fresh.as_of):
                parts.append(values)
                await asyncio.sleep(0)
            parts.append(self._integrity_samples(platform, fresh))
            await asyncio.sleep(0)
        self.verdicts.select_clocks(clocks, self.measures.cohorts)
        await self.verdicts.evaluate(
            self.measures.declarations, lambda platform: self.watermark(platform, fresh), self._now() // DAY
        )
        self._gauges = merge_samples(*parts, self.verdicts.samples)

    def _estimate_samples(
        self, platform: str, clocks: Sequence[ExportedClock], watermark: int, as_of: int
    ) -> Iterator[Samples]:
        """Yield the figures of a platform in small parts."""
        cohort_metrics = self._cohort_metrics.setdefault(platform, CohortMetrics(platform, self._cadence(platform)))
        yield from cohort_metrics.samples(
            self.measures.accumulators_by_week.get(platform, {}), clocks, watermark, as_of
        )
        objective_metrics = self._objective_metrics.setdefault(platform, ObjectiveMetrics(platform))
        yield from objective_metrics.samples(self.measures.periods.reports_of, clocks, watermark, as_of)

    def _integrity_samples(self, platform: str, fresh: Freshness) -> Samples:
        watermark = self.watermark(platform, fresh)
        sends_heartbeats = (
            self.measures.platform_counters.complete_through(platform, fresh.partition_count or 0) is not None
        )
        return (
            integrity_samples(
                platform,
                self.measures.daily_counts.check_input(platform, watermark, is_declared_complete=sends_heartbeats),
            )
            if watermark
            else {}
        )

    def refresh_snapshot(self, fresh: Freshness, caught_up_at: int | None) -> None:
        """Replace the snapshot: current counters, and the gauges that were computed last."""
        platforms, clocks = self.platforms, self.clocks
        inputs = merge_samples(
            info_samples(self._registry, platforms, self._release), input_samples(fresh, caught_up_at)
        )
        if fresh.as_of is None or not self._gauges:
            self.snapshot = Snapshot({name: series for name, series in inputs.items() if name not in _ONLY_WITH_GAUGES})
            return
        totals = {
            name: self.measures.platform_counters.total(name)
            for name in self.measures.platform_counters.platform_names()
        }
        self.snapshot = Snapshot(
            merge_samples(
                counter_samples(totals, platforms, clocks), self._platform_gauges(totals, fresh), self._gauges, inputs
            ),
            histogram_samples(totals, platforms, [clock for clock in clocks if clock.id in STANDARD_CLOCK_IDS]),
        )

    def _platform_gauges(self, totals: Mapping[str, Mapping[str, int]], fresh: Freshness) -> Samples:
        counts, platforms = self.measures.platform_counters, self.platforms
        declared_watermarks = {name: counts.complete_through(name, fresh.partition_count or 0) for name in platforms}
        last_logged_at = {name: counts.last_logged_at(name) for name in platforms}
        return {
            "safeclock_orphans_waiting": {(name,): totals.get(name, {}).get(ORPHANS, 0) for name in platforms},
            "safeclock_capacity_used_ratio": {
                (name,): counts.max_retained_reports(name) / self._capacity(name) for name in platforms
            },
            "safeclock_complete_through_timestamp_seconds": {
                (name,): at / SECOND for name, at in declared_watermarks.items() if at
            },
            "safeclock_last_event_timestamp_seconds": {
                (name,): at / SECOND for name, at in last_logged_at.items() if at
            },
        }

    def cohort_samples(
        self, group_key: GroupKey, fresh: Freshness, platforms: Iterable[str] | None = None
    ) -> Mapping[tuple[str, ...], CohortSample]:
        """Return the reports grouped by `group_key` of their cohorts; `platforms` limits them to these platforms."""
        self.measures.apply_pending()
        wanted = None if platforms is None else frozenset(platforms)
        cohorts = self.measures.cohorts(wanted)
        return samples_by_group(cohorts, group_key, lambda platform: self.watermark(platform, fresh))

    def measure_report(self, by: Sequence[str], fresh: Freshness) -> dict[str, object]:
        """Return the figures in the format of `safeclock measure`.

        Raises NotReadyError on incomplete inputs, UnknownLabelError for a label that reports do not have.
        """
        if fresh.as_of is None:
            raise NotReadyError("; ".join(fresh.reasons))
        clocks, groups = self.clocks, []
        key_of = group_key(by)
        samples = self._samples_by_platform(fresh) if tuple(by) == ("platform",) else self.cohort_samples(key_of, fresh)
        for name, sample in samples.items():
            labels = dict(zip(by, name, strict=True))
            groups.append(group_report(labels, sample, clocks, fresh.as_of, self._warnings(labels, fresh)))
        totals = {
            name: self.measures.platform_counters.total(name)
            for name in self.measures.platform_counters.platform_names()
        }
        return measure_report(fresh.as_of, self._release.pack_name, groups, totals, self._registry.history_texts())

    def _samples_by_platform(self, fresh: Freshness) -> Mapping[tuple[str, ...], CohortSample]:
        """Return every platform's reports from its accumulators, which avoids reading all cohorts again."""
        self.measures.apply_pending()
        samples = {
            (platform,): merge_cohort_samples(
                [accumulator.to_sample(self.watermark(platform, fresh)) for accumulator in accumulators.values()]
            )
            for platform, accumulators in sorted(self.measures.accumulators_by_week.items())
        }
        return {name: sample for name, sample in samples.items() if sample.filed}

    def _warnings(self, labels: Mapping[str, str], fresh: Freshness) -> list[str]:
        platform = labels.get("platform")
        warnings = history_warnings(self._registry.history_texts(), platform)
        return (
            [*warnings, _NO_WATERMARK_WARNING]
            if platform is not None and not self.watermark(platform, fresh)
            else warnings
        )


def _calendar_samples(as_of: int) -> Samples:
    """Return the instant up to which the inputs were read, and the start of every cohort by its age."""
    current = iso_week(as_of // DAY)
    starts: LabelledValues = {
        (f"week-{age:02}",): first_day_of_week(current - age) * DAY / SECOND for age in range(COHORT_WEEKS)
    }
    starts[RECENT_COHORT,] = first_day_of_week(current - COHORT_WEEKS + 1) * DAY / SECOND
    return {
        "safeclock_figures_timestamp_seconds": {(): as_of / SECOND},
        "safeclock_cohort_start_timestamp_seconds": starts,
    }
