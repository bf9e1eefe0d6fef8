"""What every peer in Python counts, without a broker, against what the story says."""

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
def story() -> Workload:
    """Return some hundred reports, every action before all that was told until then, and everything told twice."""
    records = simulate_workload(400, 20_000 * DAY)
    about = [record for record in records.records if json.loads(record.value)["type"] in (FILED, ACTED)]
    return records._replace(records=[*reversed(about), *about])


def _events(story: Workload) -> list[tuple[str, dict[str, Any]]]:
    return [(record.key.decode(), json.loads(record.value)) for record in story.records]


def test_the_story_has_reports_in_time_and_late_ones(story: Workload) -> None:
    assert 0 < story.totals.overdue < story.totals.acted < story.totals.filed


def test_faust_counts_what_the_story_says(story: Workload) -> None:
    counts = FaustCounts({}, {})

    for record, (key, event) in zip(story.records, _events(story), strict=True):
        counts.add_event(record.partition, key, event)

    assert counts.totals() == story.totals.as_json()


def test_quix_streams_counts_what_the_story_says(story: Workload) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of packages that it imports
        pytest.importorskip("quixstreams")
        from quixstreams.state.memory import MemoryStore  # noqa: PLC0415 - only where it is installed

        from tests.tools.bench.peers import quix_peer  # noqa: PLC0415
    groups: dict[str, int] = {}
    partition = MemoryStore(name="default", stream_id="story").assign_partition(0)

    with partition.begin() as transaction:
        for key, event in _events(story):
            for move in quix_peer.join(event, transaction.as_state(prefix=key.encode())):
                groups = quix_peer.count(move, transaction.as_state(prefix=b"all"))

    assert totals_of_groups(groups) == story.totals.as_json()


def test_bytewax_counts_what_the_story_says(story: Workload) -> None:
    testing = pytest.importorskip("bytewax.testing")
    from tests.tools.bench.peers import bytewax_peer  # noqa: PLC0415 - only where it is installed

    groups: dict[str, int] = {}
    messages = [SimpleNamespace(key=record.key, value=record.value) for record in story.records]

    testing.run_main(bytewax_peer.connect(testing.TestingSource(messages), lambda batch: batch, groups.update))

    assert totals_of_groups(groups) == story.totals.as_json()


def test_pathway_counts_what_the_story_says(story: Workload, tmp_path: Path) -> None:
    if not PATHWAY.exists():
        pytest.skip("Pathway is not installed (make bench-peers installs it)")
    lines = tmp_path / "story.jsonl"
    lines.write_bytes(b"".join(record.value + b"\n" for record in story.records))

    said = subprocess.run(
        [str(PATHWAY), "-m", "tests.tools.bench.peers.pathway_peer", str(lines)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    last = json.loads(said.stdout.splitlines()[-1])
    assert last == {"seen": len(story.records), "totals": story.totals.as_json()}
