"""What every peer in Python counts, without a broker, against what the workload holds."""

import json
import subprocess
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from streams.domain.duration_bins import DAY
from tests.support.paths import ROOT
from tests.support.simulation.reference_join import ACTED, FILED, totals_of_groups
from tests.support.simulation.workload import Workload, simulate_workload
from tests.tools.bench.peers.contenders import PATHWAY
from tests.tools.bench.peers.faust_peer import FaustCounts


@pytest.fixture(scope="module")
def workload() -> Workload:
    """Return some hundred reports, every action before all that was told until then, and everything told twice."""
    records = simulate_workload(400, 20_000 * DAY)
    about = [record for record in records.records if json.loads(record.value)["type"] in (FILED, ACTED)]
    return records._replace(records=[*reversed(about), *about])


def _events(workload: Workload) -> list[tuple[str, dict[str, Any]]]:
    return [(record.key.decode(), json.loads(record.value)) for record in workload.records]


def test_the_workload_has_reports_in_time_and_late_ones(workload: Workload) -> None:
    assert 0 < workload.totals.overdue < workload.totals.acted < workload.totals.filed


def test_faust_counts_what_the_workload_holds(workload: Workload) -> None:
    counts = FaustCounts({}, {})

    for record, (key, event) in zip(workload.records, _events(workload), strict=True):
        counts.add_event(record.partition, key, event)

    assert counts.totals() == workload.totals.as_json()


def test_quix_streams_counts_what_the_workload_holds(workload: Workload) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of packages that it imports
        pytest.importorskip("quixstreams")
        from quixstreams.state.memory import MemoryStore  # noqa: PLC0415 - only where it is installed

        from tests.tools.bench.peers import quix_peer  # noqa: PLC0415
    groups: dict[str, int] = {}
    partition = MemoryStore(name="default", stream_id="workload").assign_partition(0)

    with partition.begin() as transaction:
        for key, event in _events(workload):
            for move in quix_peer.join(event, transaction.as_state(prefix=key.encode())):
                groups = quix_peer.count(move, transaction.as_state(prefix=b"all"))

    assert totals_of_groups(groups) == workload.totals.as_json()


def test_bytewax_counts_what_the_workload_holds(workload: Workload) -> None:
    testing = pytest.importorskip("bytewax.testing")
    from tests.tools.bench.peers import bytewax_peer  # noqa: PLC0415 - only where it is installed

    groups: dict[str, int] = {}
    messages = [SimpleNamespace(key=record.key, value=record.value) for record in workload.records]

    testing.run_main(bytewax_peer.connect(testing.TestingSource(messages), lambda batch: batch, groups.update))

    assert totals_of_groups(groups) == workload.totals.as_json()


def test_pathway_counts_what_the_workload_holds(workload: Workload, tmp_path: Path) -> None:
    if not PATHWAY.exists():
        pytest.skip("Pathway is not installed (make bench-peers installs it)")
    lines = tmp_path / "workload.jsonl"
    lines.write_bytes(b"".join(record.value + b"\n" for record in workload.records))

    said = subprocess.run(
        [str(PATHWAY), "-m", "tests.tools.bench.peers.pathway_peer", str(lines)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    last = json.loads(said.stdout.splitlines()[-1])
    assert last == {"seen": len(workload.records), "totals": workload.totals.as_json()}
