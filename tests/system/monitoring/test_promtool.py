"""Prometheus' own checker reads what the processes serve, and every query."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client.registry import Collector

from dashboards.board.snapshot import SnapshotCollector
from streams.runtime.health import WorkerCollector
from streams.runtime.stats import WorkerStats
from tests.support.components import program_path
from tests.support.monitoring.exposition import busy_worker, exposition, queries
from tests.support.simulation.board_measures import apply_updates, board_at, simulated_measures


def board() -> Collector:
    """Return the metrics of a board that has read the whole history."""
    figures = apply_updates(board_at(simulated_measures().as_of), simulated_measures().updates)
    return SnapshotCollector(lambda: figures.snapshot)


@pytest.mark.parametrize(
    "collector",
    [lambda: WorkerCollector(WorkerStats()), lambda: WorkerCollector(busy_worker()), board],
    ids=["idle worker", "busy worker", "board"],
)
def test_promtool_finds_no_fault_with_what_a_process_serves(collector: Callable[[], Collector]) -> None:
    checked = subprocess.run(
        [program_path("promtool"), "check", "metrics"],
        input=exposition(collector()),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_every_query_is_promql(tmp_path: Path) -> None:
    rules = [{"record": f"query:{number}", "expr": expr} for number, expr in enumerate(queries())]
    file = tmp_path / "queries.yml"
    file.write_text(json.dumps({"groups": [{"name": "queries", "rules": rules}]}), encoding="utf-8")

    checked = subprocess.run(
        [program_path("promtool"), "check", "rules", file], capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr
