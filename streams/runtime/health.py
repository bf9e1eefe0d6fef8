"""Serve the worker's own pages: /healthz (is it alive), /readyz (is it ready) and /metrics."""

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

from streams.contract.metrics.all_metrics import PIPELINE
from streams.contract.metrics.metric import MetricKind
from streams.contract.settings.http_security import HttpSecurity
from streams.domain.duration_bins import MINUTE, SECOND
from streams.domain.vocabulary import RefusalReason
from streams.edge.http_server import server
from streams.runtime.stats import PartitionState, WorkerStats

NOT_READY_AFTER_MS: Final = 30 * SECOND
"""A partition that applied no record and was not at the ends of its logs for this long is not ready."""
STUCK_AFTER_MS: Final = 2 * MINUTE
"""A partition that applied no record and was not at the ends of its logs for this long counts as stuck."""


_UNPROTECTED: Final = HttpSecurity()
_FAMILY_BY_KIND: Final = {MetricKind.COUNTER: CounterMetricFamily, MetricKind.GAUGE: GaugeMetricFamily}
_Samples = Mapping[str, float]  # by the value of the one label; "" where there is none


class WorkerCollector(Collector):
    """Export the pipeline's metrics, as the catalogue declares them, from `stats` at every scrape."""

    def __init__(self, stats: WorkerStats) -> None:
        self._stats = stats

    @override
    def collect(self) -> Iterator[Family]:
        """Yield every metric family, also those without samples."""
        samples = self._samples()
        for metric in PIPELINE:
            labels = [label.name for label in metric.labels]
            family = _FAMILY_BY_KIND[metric.kind](metric.name, metric.help, labels=labels)
            for value, number in samples[metric.name].items():
                family.add_metric([value] if labels else [], number)
            yield family

    def _samples(self) -> Mapping[str, _Samples]:
        stats = self._stats
        owned = {str(number): partition for number, partition in list(stats.owned.items())}
        return {
            "safeclock_worker_records_applied_total": self._by_partition(stats.applied),
            "safeclock_worker_records_refused_total": {reason: stats.refused[reason] for reason in RefusalReason},
            "safeclock_worker_lag_records": {
                number: partition.lag for number, partition in owned.items() if partition.lag is not None
            },
            "safeclock_worker_log_time_timestamp_seconds": {
                number: partition.log_time / 1000 for number, partition in owned.items() if partition.log_time
            },
            "safeclock_worker_uncommittable_platforms": {
                number: partition.uncommittable_platforms for number, partition in owned.items()
            },
            "safeclock_worker_commits_total": self._by_partition(stats.commits),
            "safeclock_worker_rebalances_total": {"": stats.rebalances},
            "safeclock_worker_clock_ahead_seconds": {
                number: partition.clock_ahead_ms / 1000
                for number, partition in owned.items()
                if partition.clock_ahead_ms is not None
            },
            "safeclock_worker_restore_seconds": {
                number: partition.restore_seconds
                for number, partition in owned.items()
                if partition.restore_seconds is not None
            },
            "safeclock_source_records_lost_total": self._by_partition(stats.lost_records),
            "safeclock_worker_suspended_partitions": {
                platform: sum(platform in partition.suspended_platforms for partition in owned.values())
                for platform in stats.platforms
            },
            "safeclock_worker_feedback_failing": {
                platform: int(platform in stats.platforms_without_feedback) for platform in stats.platforms
            },
        }

    def _by_partition(self, counter: Mapping[int, int]) -> _Samples:
        """Return a counter value for every partition that this worker has owned, 0 where nothing was counted."""
        numbers = sorted(set(counter) | set(self._stats.owned))
        return {str(number): counter.get(number, 0) for number in numbers}


class Health:
    """The contents of the three pages; `wall` reads the wall clock in epoch milliseconds."""

    def __init__(self, stats: WorkerStats, wall: Callable[[], int]) -> None:
        self._stats = stats
        self._wall = wall
        self._registry = CollectorRegistry()
        self._registry.register(WorkerCollector(stats))

    def stuck_partitions(self) -> list[int]:
        """Return the served partitions that made no progress for `STUCK_AFTER_MS`."""
        return self._without_progress_for(STUCK_AFTER_MS)

    def _without_progress_for(self, milliseconds: int) -> list[int]:
        limit = self._wall() - milliseconds
        owned = self._stats.owned.items()
        return sorted(
            number
            for number, partition in owned
            if partition.state is PartitionState.SERVING and partition.last_progress < limit
        )

    def restoring_partitions(self) -> list[int]:
        """Return the owned partitions that are not served yet."""
        owned = self._stats.owned.items()
        return sorted(number for number, partition in owned if partition.state is not PartitionState.SERVING)

    async def healthz(self, _: web.BaseRequest) -> web.Response:
        """Answer 200 while every owned partition applies records or is at the ends of its logs."""
        return _health_response("stuck partitions", self.stuck_partitions())

    async def readyz(self, _: web.BaseRequest) -> web.Response:
        """Answer 200 if every owned partition is restored, and applies records or is at the ends of its logs.

        Answer 503 before the first assignment, during a rebalance, and while a partition neither applied a record nor
        was at the ends of its logs for `NOT_READY_AFTER_MS`.
        """
        if not self._stats.has_assignment:
            return web.Response(status=503, text="no assignment now\n")
        if waiting := self.restoring_partitions():
            return _health_response("partitions being restored", waiting)
        without_progress = self._without_progress_for(NOT_READY_AFTER_MS)
        return _health_response(
            f"partitions that applied no record and did not reach the ends of their logs for {NOT_READY_AFTER_MS // SECOND} s",
            without_progress,
        )

    async def metrics(self, _: web.BaseRequest) -> web.Response:
        """Answer with the pipeline's metrics."""
        return web.Response(body=generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


def _health_response(problem: str, numbers: list[int]) -> web.Response:
    if numbers:
        return web.Response(status=503, text=f"{problem}: {', '.join(map(str, numbers))}\n")
    return web.Response(text="ok\n")


@asynccontextmanager
async def serve_health(
    health: Health, host: str, port: int, security: HttpSecurity = _UNPROTECTED
) -> AsyncIterator[int]:
    """Serve the pages within the block and yield the port; port 0: any free port."""
    handlers = {"/healthz": health.healthz, "/readyz": health.readyz, "/metrics": health.metrics}
    async with server.serve(handlers, host, port, security) as bound_port:
        yield bound_port
