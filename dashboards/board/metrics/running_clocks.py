"""Computes the metrics of clocks that run now."""

from collections.abc import Mapping, Sequence

from dashboards.board.inputs.running_clocks import RunningClocks
from dashboards.board.samples import LabelledValues, Samples
from streams.contract.packs.exported_clocks import ExportedClock
from streams.domain.cohorts.statistics import CohortSample
from streams.domain.duration_bins import SECOND


def running(platform: str, clocks: Sequence[ExportedClock], sample: CohortSample, now: RunningClocks) -> Samples:
    """Return the gauges of running and paused clocks by clock id.

    Overdue counts are left out without a watermark, since the ages of open reports are then not known.
    """
    counts = {
        "safeclock_overdue_reports": now.overdue,
        "safeclock_due_soon_reports": now.due_soon,
        "safeclock_urgent_overdue_reports": now.urgent_overdue,
    }
    values: Samples = {
        name: {(platform, clock.id): _sum(count, clock) for clock in clocks if clock.has_limit}
        for name, count in counts.items()
        if now.watermark
    }
    paused: LabelledValues = {(platform, clock.id): _sum(sample.paused, clock) for clock in clocks if clock.can_pause}
    oldest: LabelledValues = {}
    for clock in clocks:
        since = [now.earliest_start[version.hash] for version in clock.versions if version.hash in now.earliest_start]
        if since:
            oldest[platform, clock.id] = min(since) / SECOND
    return {
        **values,
        "safeclock_paused_reports": paused,
        "safeclock_oldest_running_clock_timestamp_seconds": oldest,
    }


def _sum(counts: Mapping[bytes, int], clock: ExportedClock) -> float:
    return sum(counts.get(version.hash, 0) for version in clock.versions)
