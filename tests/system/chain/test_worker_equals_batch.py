"""A history through the commands, a broker and a worker comes to the same as straight from the file."""

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from streams.batch.load import LoadedFiles, load_files
from streams.batch.measure import measure
from streams.contract.outputs.measure_report import group_report, measure_report
from streams.contract.outputs.measures import COHORT_PREFIX, COUNTERS_PREFIX, decode_cohort
from streams.contract.packs.exported_clocks import exported_clocks
from streams.contract.packs.file import load_rulebook
from streams.contract.packs.rulebook import Rulebook
from streams.contract.timestamps import format_timestamp
from streams.domain.cohorts.statistics import group_key, samples_by_group
from streams.domain.duration_bins import DAY, HOUR
from streams.domain.ledger import counters
from streams.domain.ledger.platform_state import TOPIC_ROLES
from tests.support.events.event_lines import START, acted, filed, token
from tests.support.ledger.totals import Totals, totals
from tests.support.paths import CHILDREN, ROOT
from tests.support.process.chain import Chain, Make
from tests.support.process.reference_comparison import agree
from tests.support.simulation.recent_history import plan_of

NOTICES = ROOT / "docs/report-updates.md"
PLAN = plan_of(reports=3_000, weeks=4)
DUE = PLAN.end_ms + 4 * DAY
"""By then every limit has passed that a report of the history can have."""


def published(chain: Chain) -> Path:
    """Make and publish the history by the commands, and return its file."""
    file = chain.folder / "history.jsonl"
    start = f"--start={format_timestamp(PLAN.start_ms)}"
    file.write_text(
        chain.run("simulate", f"--seed={PLAN.seed}", f"--weeks={PLAN.weeks}", f"--reports={PLAN.reports}", start)
    )
    chain.run("admin", "apply", "--replication=1")
    chain.run("publish", "--history", f"--registry={chain.registry_file}", str(file))
    return file


def documented(
    cohorts: Iterable[tuple[str, dict[bytes, int]]], told: Totals, rulebook: Rulebook, as_of: int
) -> dict[str, Any]:
    """Return the document that the cohorts of all partitions make together, without the warnings of a file's reader."""

    def through(platform: str) -> int:
        promises = [
            told.promised[COUNTERS_PREFIX + platform.encode(), counters.declared_watermark(topic)]
            for topic in TOPIC_ROLES
        ]
        return min(as_of, *(instant for promise in promises for instant in promise))

    found = samples_by_group(cohorts, group_key(["platform"]), through)
    groups = [
        group_report({"platform": name}, sample, exported_clocks(rulebook), as_of) for (name,), sample in found.items()
    ]
    tallies = {key.removeprefix(COUNTERS_PREFIX).decode(): tally for key, tally in told.counted.items()}
    return without_warnings(measure_report(as_of, rulebook.name, groups, tallies))


def without_warnings(whole: dict[str, Any]) -> dict[str, Any]:
    groups = [{name: value for name, value in one.items() if name != "warnings"} for one in whole["groups"]]
    return {**whole, "groups": groups}


def fed(file: Path, chain: Chain, rulebook: Rulebook) -> LoadedFiles:
    with file.open("rb") as lines:
        return load_files(lines, chain.registry, rulebook=rulebook)


@pytest.mark.parametrize("broker", ["apache_kafka", pytest.param("embedded_broker", marks=pytest.mark.slow)])
def test_the_worker_measures_what_the_batch_path_measures(production: Make, broker: str) -> None:
    chain = production(broker, partitions=2)
    file = published(chain)
    rulebook = load_rulebook([CHILDREN], chain.registry, DUE)
    worker = chain.worker(SAFECLOCK_PACKS=str(CHILDREN))
    now = chain.settled(DUE)
    assert worker.terminate() == 0, chain.logs()

    reference = fed(file, chain, rulebook)
    assert reference.as_of is not None
    figures = without_warnings(measure(reference, ["platform"]))
    agree(chain, file.read_bytes().splitlines(), now, rulebook)
    measured = chain.stored(chain.names.measures)
    cohorts = [(key[2:].decode(), decode_cohort(value)) for _, key, value in measured if key.startswith(COHORT_PREFIX)]
    assert documented(cohorts, totals(measured), rulebook, reference.as_of) == figures


def test_the_reader_in_the_documentation_tells_who_is_late(production: Make) -> None:
    made = production("apache_kafka")
    lines = [
        filed("prompt", 0, platform="harbor", told=0),
        filed("late", 0, platform="harbor", told=0),
        filed("never", 0, platform="harbor", told=0),
        acted("prompt", "restricted", HOUR, platform="harbor", told=HOUR),
        acted("late", "restricted", 30 * HOUR, platform="harbor", told=30 * HOUR),
        filed("after", 4 * DAY, platform="harbor", told=4 * DAY),
        acted("after", "restricted", 4 * DAY + HOUR, platform="harbor", told=4 * DAY + HOUR),
    ]
    made.run("admin", "apply", "--replication=1")
    worker = made.worker()
    made.publish(lines)
    made.settled(START + 3 * DAY)
    (code,) = re.findall(r"```python\n(.*?)```", NOTICES.read_text(encoding="utf-8"), re.DOTALL)

    read = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "BOOTSTRAP": made.bootstrap},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert worker.code is None
    late = [line.split(" ", 2) for line in read.stdout.splitlines()]
    never = {f"harbor|{token('never')}"} | {f"harbor|{token('late')}"}
    assert {report for report, _, _ in late} == never
    assert {what for report, _, what in late if report.endswith(token("late"))} == {"stopped after 30.0 h"}
    assert {what for report, _, what in late if report.endswith(token("never"))} == {
        "missed at 2026-01-06T00:00:00.000Z"
    }
