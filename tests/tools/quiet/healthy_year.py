"""A year in which nothing is wrong: how often is somebody told?"""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import numpy as np

from dashboards.rules.alert import Alert, AlertSeverity, Audience
from dashboards.rules.alerts.all_alerts import ALERTS
from tests.support.monitoring.prometheus import Prometheus, prometheus_over
from tests.tools.quiet import pipeline_metrics, platform_metrics
from tests.tools.quiet.alert_episodes import Episode, episodes
from tests.tools.quiet.tsdb_blocks import MONDAY, Part, write_blocks

WEEK_SECONDS: Final = 7 * 86_400
HOURLY: Final = {
    "SafeclockSlowResponseSustained",
    "SafeclockBacklogGrowing",
    "SafeclockRefusalsRising",
    "SafeclockUrgentOverdueUnreviewed",
    "SafeclockObjectiveAtRisk",
}
"""Looked at once an hour, for they look back weeks each time: they fire here when they hold at two looks in a row."""

_IMPORTED: Final = 200_000


class Verdict(NamedTuple):
    """What was told in how many weeks over how many platforms."""

    weeks: int
    platforms: int
    told: tuple[Episode, ...]

    def by(self, severity: AlertSeverity, audience: Audience) -> Counter[str]:
        """Return how often each alert of a kind was told; those that were not told are zero."""
        names = [alert.name for alert in ALERTS if (alert.severity, alert.audience) == (severity, audience)]
        counted = Counter(episode.alert for episode in self.told)
        return Counter({name: counted[name] for name in names})


def healthy(count: int, seed: int) -> tuple[platform_metrics.Habits, ...]:
    """Return the habits of `count` platforms that answer in time."""
    rng = np.random.default_rng(seed)
    return tuple(platform_metrics.habits(number, rng) for number in range(count))


def tried(weeks: int, who: Sequence[platform_metrics.Habits], seed: int, outage: int = 0) -> Verdict:
    """Return what would have been told of these platforms and a pipeline without a worker for `outage` minutes."""
    with TemporaryDirectory() as scratch:
        of_platforms = tuple(_of_platforms(Path(scratch), weeks, who, seed))
        of_pipeline = tuple(_of_pipeline(Path(scratch), pipeline_metrics.told(weeks, seed, outage), weeks))
    return Verdict(weeks, len(who), of_platforms + of_pipeline)


def _of_platforms(scratch: Path, weeks: int, who: Sequence[platform_metrics.Habits], seed: int) -> Iterator[Episode]:
    rng = np.random.default_rng(seed)
    folder = scratch / "platforms"
    steps = weeks * platform_metrics.WEEK
    as_of = np.arange(steps, dtype=np.float64) * platform_metrics.STEP_SECONDS
    history: platform_metrics.History = {"safeclock_as_of_timestamp_seconds": as_of}
    cohorts: platform_metrics.History = {}
    for number, one in enumerate(who):
        # One platform imports the year before.
        of_platform, of_cohorts = platform_metrics.told(one, weeks, rng, imported=_IMPORTED if number == 0 else 0)
        history |= of_platform
        cohorts |= of_cohorts
    later = platform_metrics.COHORT_STEPS * platform_metrics.STEP_SECONDS
    write_blocks(folder, scratch, [Part(platform_metrics.STEP_SECONDS, history), Part(later, cohorts)])
    with prometheus_over(folder, lookback=f"{platform_metrics.STEP_SECONDS - 1}s") as prometheus:
        _see(prometheus, weeks, len(who))
        for alert in ALERTS:
            if alert.audience is Audience.ANALYST:
                yield from _asked(prometheus, alert, weeks)


def _see(prometheus: Prometheus, weeks: int, count: int) -> None:
    """See that every platform is there at every hour: over an empty history nothing fires either."""
    filed = "count(platform:safeclock_reports_filed:max)"
    span = {"start": f"{MONDAY}", "end": f"{MONDAY + weeks * WEEK_SECONDS - 1}", "step": "3600"}
    (series,) = prometheus.get("/api/v1/query_range", query=filed, **span)["result"]
    assert [float(value) for _, value in series["values"]] == [count] * (weeks * 168)


def _asked(prometheus: Prometheus, alert: Alert, weeks: int) -> Iterator[Episode]:
    step = 3600 if alert.name in HOURLY else platform_metrics.STEP_SECONDS
    if alert.name == "SafeclockSlowerThanBefore":
        step = platform_metrics.COHORT_STEPS * platform_metrics.STEP_SECONDS
    return episodes(prometheus, alert, MONDAY, MONDAY + weeks * WEEK_SECONDS - 1, step)


def _of_pipeline(scratch: Path, history: pipeline_metrics.History, weeks: int) -> Iterator[Episode]:
    folder = scratch / "pipeline"
    write_blocks(folder, scratch, [Part(pipeline_metrics.STEP_SECONDS, history)])
    with prometheus_over(folder, lookback=f"{pipeline_metrics.STEP_SECONDS - 1}s") as prometheus:
        for alert in ALERTS:
            if alert.audience is Audience.OPERATOR and alert.severity is not AlertSeverity.NONE:
                yield from episodes(
                    prometheus, alert, MONDAY, MONDAY + weeks * WEEK_SECONDS - 1, pipeline_metrics.STEP_SECONDS
                )
