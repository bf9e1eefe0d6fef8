"""What processes serve to Prometheus, and what the dashboard asks it."""

import json
from collections.abc import Iterator
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.registry import Collector

from dashboards.grafana.render import overview_json
from streams.domain.vocabulary import RefusalReason
from streams.runtime.stats import PartitionState, PartitionStats, WorkerStats
from tests.support.monitoring.prometheus import substitute_variables

DASHBOARD: dict[str, Any] = json.loads(overview_json())
PANELS: list[dict[str, Any]] = [panel for panel in DASHBOARD["panels"] if panel["type"] not in {"row", "text"}]
NOON = 43_200_000


def exposition(collector: Collector) -> str:
    """Return what a scrape of one collector gives."""
    registry = CollectorRegistry()
    registry.register(collector)
    return generate_latest(registry).decode()


def queries() -> Iterator[str]:
    """Yield every query of the dashboard with its variables expanded."""
    for panel in PANELS:
        for target in panel["targets"]:
            yield substitute_variables(target["expr"], {"platform": "harbor|lantern"})


def busy_worker() -> WorkerStats:
    """Return the figures of a worker that serves one partition, at noon."""
    figures = WorkerStats(rebalances=2)
    figures.owned[3] = PartitionStats(
        state=PartitionState.SERVING, log_time=NOON, last_progress=NOON, lag=7, restore_seconds=0.5
    )
    figures.applied[3] = 100
    figures.lost_records[1] = 4
    figures.refused[RefusalReason.NOT_JSON] = 2
    return figures
