"""The worker's own pages: is it alive, is it ready, what does it count."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from typing_extensions import override

from streams.contract.metrics.catalogue import PIPELINE
from streams.contract.metrics.metric import MetricKind
from streams.contract.settings.http_security import HttpSecurity
from streams.domain.duration_bins import MINUTE, SECOND
from streams.domain.vocabulary import Reason
from streams.edge.http_server import server
from streams.runtime.stats import PartitionState, WorkerStats

NOT_READY_AFTER_MS: Final = 30 * SECOND
"""After how long without a record and without being at its heads a partition is not ready."""
STUCK_AFTER_MS: Final = 2 * MINUTE
"""After how long without a record and without being at its heads a partition counts as stuck."""


_UNPROTECTED: Final = HttpSecurity()
_FAMILY_BY_KIND: Final = {MetricKind.COUNTER: CounterMetricFamily, MetricKind.GAUGE: GaugeMetricFamily}
_Samples = Mapping[str, float]  # by the value of the one label; "" where there is none


class WorkerCollector(Collector):
    """The pipeline's metrics, as the catalogue declares them, made from `figures` when they are asked for."""

    def __init__(self, stats: WorkerStats) -> None:
        self._stats = stats

    @override
    def collect(self) -> Iterator[Family]:
        """Yield every family, also those that nothing has been counted for."""
        samples = self._samples()
        for metric in PIPELINE:
            labels = [label.name for label in metric.labels]
            family = _FAMILY_BY_KIND[metric.kind](metric.name, metric.help, labels=labels)
            for value, number in samples[metric.name].items():
                family.add_metric([value] if labels else [], number)
            yield family

    def _samples(self) -> Mapping[str, _Samples]:
        figures = self._stats
        owned = {str(number): one for number, one in list(figures.owned.items())}
        return {
            "safeclock_worker_records_applied_total": self._by_partition(figures.applied),
            "safeclock_worker_records_refused_total": {reason: figures.refused[reason] for reason in Reason},
            "safeclock_worker_lag_records": {number: one.lag for number, one in owned.items() if one.lag is not None},
            "safeclock_worker_log_time_timestamp_seconds": {
                number: one.log_time / 1000 for number, one in owned.items() if one.log_time
            },
            "safeclock_worker_uncommittable_platforms": {
                number: one.uncommittable_platforms for number, one in owned.items()
            },
            "safeclock_worker_commits_total": self._by_partition(figures.commits),
            "safeclock_worker_rebalances_total": {"": figures.rebalances},
            "safeclock_worker_clock_ahead_seconds": {
                number: one.clock_ahead_ms / 1000 for number, one in owned.items() if one.clock_ahead_ms is not None
            },
            "safeclock_worker_restore_seconds": {
                number: one.restore_seconds for number, one in owned.items() if one.restore_seconds is not None
            },
            "safeclock_source_records_lost_total": self._by_partition(figures.lost_records),
            "safeclock_worker_suspended_partitions": {
                platform: sum(platform in one.suspended_platforms for one in owned.values())
                for platform in figures.platforms
            },
            "safeclock_worker_feedback_failing": {
                platform: int(platform in figures.platforms_without_feedback) for platform in figures.platforms
            },
        }

    def _by_partition(self, counter: Mapping[int, int]) -> _Samples:
        """Return a counter of every partition that this worker has owned, from zero on."""
        numbers = sorted(set(counter) | set(self._stats.owned))
        return {str(number): counter.get(number, 0) for number in numbers}


class Health:
    """What the three pages say; `wall` reads the wall clock in epoch milliseconds."""

    def __init__(self, stats: WorkerStats, wall: Callable[[], int]) -> None:
        self._stats = stats
        self._wall = wall
        self._registry = CollectorRegistry()
        self._registry.register(WorkerCollector(stats))

    def stuck_partitions(self) -> list[int]:
        """Return the served partitions that neither moved nor were at their heads for too long."""
        return self._without_progress_for(STUCK_AFTER_MS)

    def _without_progress_for(self, milliseconds: int) -> list[int]:
        limit = self._wall() - milliseconds
        owned = self._stats.owned.items()
        return sorted(
            number for number, one in owned if one.state is PartitionState.SERVING and one.last_progress < limit
        )

    def restoring_partitions(self) -> list[int]:
        """Return the owned partitions that are not yet served."""
        owned = self._stats.owned.items()
        return sorted(number for number, one in owned if one.state is not PartitionState.SERVING)

    async def healthz(self, _: web.BaseRequest) -> web.Response:
        """Answer 200 while every owned partition moves or is at its head."""
        return _health_response("stuck partitions", self.stuck_partitions())

    async def readyz(self, _: web.BaseRequest) -> web.Response:
        """Answer 200 when every owned partition is restored, and moves or is at its head.

        503 while the group has given none, or gives others, and for whatever a partition neither applied a record nor
        was confirmed at its head for half a minute.
        """
        if not self._stats.has_assignment:
            return web.Response(status=503, text="no assignment now\n")
        if waiting := self.restoring_partitions():
            return _health_response("partitions being restored", waiting)
        still = self._without_progress_for(NOT_READY_AFTER_MS)
        return _health_response(
            f"partitions that neither applied a record nor reached their heads for {NOT_READY_AFTER_MS // SECOND} s",
            still,
        )

    async def metrics(self, _: web.BaseRequest) -> web.Response:
        """Answer with the pipeline's metrics."""
        return web.Response(body=generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


def _health_response(problem: str, numbers: list[int]) -> web.Response:
    if numbers:
        return web.Response(status=503, text=f"{problem}: {', '.join(map(str, numbers))}\n")
    return web.Response(text="ok\n")


@asynccontextmanager
async def serve_health(health: Health, host: str, port: int, guard: HttpSecurity = _UNPROTECTED) -> AsyncIterator[int]:
    """Serve the pages for the block and yield the port; port 0 is any free one."""
    named = {"/healthz": health.healthz, "/readyz": health.readyz, "/metrics": health.metrics}
    async with server.serve(named, host, port, guard) as taken:
        yield taken
