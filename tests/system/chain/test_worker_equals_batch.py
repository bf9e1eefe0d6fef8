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
from tests.support.events.event_lines import EPOCH_OFFSET_MS, action_line, filing_line, report_token
from tests.support.ledger.totals import LedgerTotals, ledger_totals
from tests.support.paths import CHILDREN_PACK, ROOT
from tests.support.process.chain import Chain, ChainFactory
from tests.support.process.reference_comparison import assert_equals_reference
from tests.support.simulation.recent_history import recent_plan

NOTICES = ROOT / "docs/report-updates.md"
PLAN = recent_plan(reports=3_000, weeks=4)
DUE = PLAN.end_ms + 4 * DAY
"""By then every limit has passed that a report of the history can have."""


def publish_history(chain: Chain) -> Path:
    """Make and publish the history by the commands, and return its file."""
    file = chain.folder / "history.jsonl"
    start = f"--start={format_timestamp(PLAN.start_ms)}"
    file.write_text(
        chain.run_command(
            "simulate", f"--seed={PLAN.seed}", f"--weeks={PLAN.weeks}", f"--reports={PLAN.reports}", start
        )
    )
    chain.run_command("admin", "apply", "--replication=1")
    chain.run_command("publish", "--history", f"--registry={chain.registry_file}", str(file))
    return file


def statistics_document(
    cohorts: Iterable[tuple[str, dict[bytes, int]]], totals: LedgerTotals, rulebook: Rulebook, as_of: int
) -> dict[str, Any]:
    """Return the document that the cohorts of all partitions make together, without the warnings of a file's reader."""

    def through(platform: str) -> int:
        promises = [
            totals.watermarks[COUNTERS_PREFIX + platform.encode(), counters.declared_watermark(topic)]
            for topic in TOPIC_ROLES
        ]
        return min(as_of, *(instant for promise in promises for instant in promise))

    found = samples_by_group(cohorts, group_key(["platform"]), through)
    groups = [
        group_report({"platform": name}, sample, exported_clocks(rulebook), as_of) for (name,), sample in found.items()
    ]
    tallies = {key.removeprefix(COUNTERS_PREFIX).decode(): tally for key, tally in totals.counters.items()}
    return without_warnings(measure_report(as_of, rulebook.name, groups, tallies))


def without_warnings(whole: dict[str, Any]) -> dict[str, Any]:
    groups = [{name: value for name, value in one.items() if name != "warnings"} for one in whole["groups"]]
    return {**whole, "groups": groups}


def board_from_file(file: Path, chain: Chain, rulebook: Rulebook) -> LoadedFiles:
    with file.open("rb") as lines:
        return load_files(lines, chain.registry, rulebook=rulebook)


@pytest.mark.parametrize("broker", ["apache_kafka", pytest.param("embedded_broker", marks=pytest.mark.slow)])
def test_the_worker_measures_what_the_batch_path_measures(contract_topics_chain: ChainFactory, broker: str) -> None:
    chain = contract_topics_chain(broker, partitions=2)
    file = publish_history(chain)
    rulebook = load_rulebook([CHILDREN_PACK], chain.registry, DUE)
    worker = chain.start_worker(SAFECLOCK_PACKS=str(CHILDREN_PACK))
    now = chain.wait_until_applied(DUE)
    assert worker.terminate() == 0, chain.logs()

    reference = board_from_file(file, chain, rulebook)
    assert reference.as_of is not None
    figures = without_warnings(measure(reference, ["platform"]))
    assert_equals_reference(chain, file.read_bytes().splitlines(), now, rulebook)
    measured = chain.stored(chain.names.measures)
    cohorts = [(key[2:].decode(), decode_cohort(value)) for _, key, value in measured if key.startswith(COHORT_PREFIX)]
    assert statistics_document(cohorts, ledger_totals(measured), rulebook, reference.as_of) == figures


def test_the_reader_in_the_documentation_tells_who_is_late(contract_topics_chain: ChainFactory) -> None:
    made = contract_topics_chain("apache_kafka")
    lines = [
        filing_line("prompt", 0, platform="harbor", recorded_at=0),
        filing_line("late", 0, platform="harbor", recorded_at=0),
        filing_line("never", 0, platform="harbor", recorded_at=0),
        action_line("prompt", "restricted", HOUR, platform="harbor", recorded_at=HOUR),
        action_line("late", "restricted", 30 * HOUR, platform="harbor", recorded_at=30 * HOUR),
        filing_line("after", 4 * DAY, platform="harbor", recorded_at=4 * DAY),
        action_line("after", "restricted", 4 * DAY + HOUR, platform="harbor", recorded_at=4 * DAY + HOUR),
    ]
    made.run_command("admin", "apply", "--replication=1")
    worker = made.start_worker()
    made.publish(lines)
    made.wait_until_applied(EPOCH_OFFSET_MS + 3 * DAY)
    (code,) = re.findall(r"```python\n(.*?)```", NOTICES.read_text(encoding="utf-8"), re.DOTALL)

    read = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "BOOTSTRAP": made.bootstrap},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert worker.exit_code is None
    late = [line.split(" ", 2) for line in read.stdout.splitlines()]
    never = {f"harbor|{report_token('never')}"} | {f"harbor|{report_token('late')}"}
    assert {report for report, _, _ in late} == never
    assert {what for report, _, what in late if report.endswith(report_token("late"))} == {"stopped after 30.0 h"}
    assert {what for report, _, what in late if report.endswith(report_token("never"))} == {
        "missed at 2026-01-06T00:00:00.000Z"
    }
