"""The catalogue as Prometheus reads it."""

import subprocess

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from streams.contract.metrics.all_metrics import METRICS
from streams.contract.metrics.metric import LabelSource, Process, label_sets
from tests.support.components import program_path
from tests.system.monitoring.board_stand_in import BoardStandIn

LISTED: dict[LabelSource, tuple[str, ...]] = dict.fromkeys(LabelSource, ("one",))


@pytest.mark.parametrize("process", Process)
def test_prometheus_finds_no_fault_with_any_name_or_help(process: Process) -> None:
    promtool = program_path("promtool")
    stand_in = BoardStandIn(LISTED, process)
    for metric in METRICS:
        stand_in.values |= {(metric.name, words): 1.0 for words in label_sets(metric, LISTED)}
    registry = CollectorRegistry()
    registry.register(stand_in)

    exposition = generate_latest(registry)
    result = subprocess.run([promtool, "check", "metrics"], input=exposition, capture_output=True, check=False)

    assert all(f"# HELP {metric.name} ".encode() in exposition for metric in METRICS if metric.process is process)
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
