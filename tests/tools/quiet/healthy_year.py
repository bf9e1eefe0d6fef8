"""A year in which nothing is wrong: how often is somebody told?"""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import numpy as np

from dashboards.rules.alert import Alert, AlertSeverity, Audience
from dashboards.rules.alerts.all_alerts import ALERTS
from tests.support.monitoring.prometheus import Prometheus, prometheus_on_blocks
from tests.tools.quiet import pipeline_metrics, platform_metrics
from tests.tools.quiet.alert_episodes import Episode, alert_episodes
from tests.tools.quiet.tsdb_blocks import MONDAY, SeriesBlock, write_blocks

WEEK_SECONDS: Final = 7 * 86_400
HOURLY_ALERTS: Final = {
    "SafeclockSlowResponseSustained",
    "SafeclockBacklogGrowing",
    "SafeclockRefusalsRising",
    "SafeclockUrgentOverdueUnreviewed",
    "SafeclockObjectiveAtRisk",
}
"""Looked at once an hour, for they look back weeks each time: they fire here when they hold at two looks in a row."""

_IMPORTED: Final = 200_000


class YearResult(NamedTuple):
    """What was told in how many weeks over how many platforms."""

    weeks: int
    platforms: int
    episodes: tuple[Episode, ...]

    def episodes_for(self, severity: AlertSeverity, audience: Audience) -> Counter[str]:
        """Return how often each alert of a kind was told; those that were not told are zero."""
        names = [alert.name for alert in ALERTS if (alert.severity, alert.audience) == (severity, audience)]
        counted = Counter(episode.alert for episode in self.episodes)
        return Counter({name: counted[name] for name in names})


def healthy_platforms(count: int, seed: int) -> tuple[platform_metrics.PlatformModel, ...]:
    """Return the habits of `count` platforms that answer in time."""
    rng = np.random.default_rng(seed)
    return tuple(platform_metrics.random_platform(number, rng) for number in range(count))


def simulate_year(weeks: int, who: Sequence[platform_metrics.PlatformModel], seed: int, outage: int = 0) -> YearResult:
    """Return what would have been told of these platforms and a pipeline without a worker for `outage` minutes."""
    with TemporaryDirectory() as scratch:
        of_platforms = tuple(_platform_episodes(Path(scratch), weeks, who, seed))
        of_pipeline = tuple(
            _pipeline_episodes(Path(scratch), pipeline_metrics.pipeline_history(weeks, seed, outage), weeks)
        )
    return YearResult(weeks, len(who), of_platforms + of_pipeline)


def _platform_episodes(
    scratch: Path, weeks: int, who: Sequence[platform_metrics.PlatformModel], seed: int
) -> Iterator[Episode]:
    rng = np.random.default_rng(seed)
    folder = scratch / "platforms"
    steps = weeks * platform_metrics.WEEK
    as_of = np.arange(steps, dtype=np.float64) * platform_metrics.STEP_SECONDS
    history: platform_metrics.History = {"safeclock_as_of_timestamp_seconds": as_of}
    cohorts: platform_metrics.History = {}
    for number, one in enumerate(who):
        # One platform imports the year before.
        of_platform, of_cohorts = platform_metrics.platform_history(
            one, weeks, rng, imported=_IMPORTED if number == 0 else 0
        )
        history |= of_platform
        cohorts |= of_cohorts
    later = platform_metrics.COHORT_STEPS * platform_metrics.STEP_SECONDS
    write_blocks(folder, scratch, [SeriesBlock(platform_metrics.STEP_SECONDS, history), SeriesBlock(later, cohorts)])
    with prometheus_on_blocks(folder, lookback=f"{platform_metrics.STEP_SECONDS - 1}s") as prometheus:
        _find_episodes(prometheus, weeks, len(who))
        for alert in ALERTS:
            if alert.audience is Audience.ANALYST:
                yield from _query_alert(prometheus, alert, weeks)


def _find_episodes(prometheus: Prometheus, weeks: int, count: int) -> None:
    """See that every platform is there at every hour: over an empty history nothing fires either."""
    filed = "count(platform:safeclock_reports_filed:max)"
    span = {"start": f"{MONDAY}", "end": f"{MONDAY + weeks * WEEK_SECONDS - 1}", "step": "3600"}
    (series,) = prometheus.get("/api/v1/query_range", query=filed, **span)["result"]
    assert [float(value) for _, value in series["values"]] == [count] * (weeks * 168)


def _query_alert(prometheus: Prometheus, alert: Alert, weeks: int) -> Iterator[Episode]:
    step = 3600 if alert.name in HOURLY_ALERTS else platform_metrics.STEP_SECONDS
    if alert.name == "SafeclockSlowerThanBefore":
        step = platform_metrics.COHORT_STEPS * platform_metrics.STEP_SECONDS
    return alert_episodes(prometheus, alert, MONDAY, MONDAY + weeks * WEEK_SECONDS - 1, step)


def _pipeline_episodes(scratch: Path, history: pipeline_metrics.History, weeks: int) -> Iterator[Episode]:
    folder = scratch / "pipeline"
    write_blocks(folder, scratch, [SeriesBlock(pipeline_metrics.STEP_SECONDS, history)])
    with prometheus_on_blocks(folder, lookback=f"{pipeline_metrics.STEP_SECONDS - 1}s") as prometheus:
        for alert in ALERTS:
            if alert.audience is Audience.OPERATOR and alert.severity is not AlertSeverity.NONE:
                yield from alert_episodes(
                    prometheus, alert, MONDAY, MONDAY + weeks * WEEK_SECONDS - 1, pipeline_metrics.STEP_SECONDS
                )
