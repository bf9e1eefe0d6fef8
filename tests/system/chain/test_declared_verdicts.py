"""Real workers and boards on Apache Kafka: when a declaration was seen, and what every reader says of it."""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from producers.simulation.published_events import encode_line
from producers.simulation.traffic import simulate_history
from streams.contract.outputs.measures import DECLARATION_PREFIX, DeclarationRecord, decode_declaration
from streams.domain.duration_bins import DAY, HOUR
from streams.domain.verdict.comparison.filed_weeks import EPOCH
from streams.runtime.settings import RecordTime
from tests.support.declarations import declaration_text
from tests.support.kafka.topic_reader import TopicRecord
from tests.support.process.chain import Chain, ChainFactory
from tests.support.process.running_process import SafeclockProcess
from tests.support.simulation.recent_history import recent_plan
from tests.support.waiting import wait_until

PLAN = recent_plan(reports=3_000, weeks=34, ended_ago=HOUR)
PLATFORMS = ("harbor", "lantern", "cobalt", "juniper", "meadow")
Verdicts = Mapping[tuple[str, ...], float]


def monday_after(weeks: int) -> str:
    """Return the first Monday after so many weeks of the history."""
    day = PLAN.start_ms // DAY + 7 * weeks
    return (EPOCH + timedelta(days=day + (4 - day) % 7)).isoformat()


def write_declaration(folder: Path) -> Path:
    """Write a declaration whose windows lie in the history and whose day of decision is over."""
    text = declaration_text(declared="2020-01-01", platforms=json.dumps(PLATFORMS), first=monday_after(1), weeks="13")
    head, current = text.split("[current]")
    current = current.replace("2027-01-04", monday_after(15)).replace("weeks = 26", "weeks = 13")
    file = folder / "declared.toml"
    file.write_text(f"{head}[current]{current.replace('2027-07-08', monday_after(32))}", encoding="utf-8")
    return file


def exported_verdicts(board: SafeclockProcess) -> tuple[Verdicts, Verdicts]:
    """Return the verdicts and the changes that a board exports, by platform, standing and word or bound."""
    found: dict[str, dict[tuple[str, ...], float]] = {
        "safeclock_verdict_info": {},
        "safeclock_verdict_change_seconds": {},
    }
    for family in text_string_to_metric_families(board.get_page("/metrics")):
        for sample in family.samples:
            if sample.name in found:
                words = (sample.labels["platform"], sample.labels["standing"])
                last = sample.labels.get("verdict") or sample.labels["bound"]
                found[sample.name][*words, last] = sample.value
    return found["safeclock_verdict_info"], found["safeclock_verdict_change_seconds"]


def wait_for_verdicts(chain: Chain, board: SafeclockProcess) -> None:
    wait_until(lambda: len(exported_verdicts(board)[0]) == len(PLATFORMS), "verdicts", chain.logs)


def wait_until_serving(chain: Chain, worker: SafeclockProcess) -> None:
    wait_until(lambda: "serving partitions" in worker.log_text(), "a serving worker", chain.logs)


def declaration_records(chain: Chain, topic: str) -> list[TopicRecord]:
    return [one for one in chain.read_committed(topic) if one.key.startswith(DECLARATION_PREFIX)]


def decoded(records: list[TopicRecord]) -> list[DeclarationRecord]:
    return [decode_declaration(record.value) for record in records if record.value is not None]


def test_two_boards_a_restarted_board_and_measure_say_the_same_words_and_digits(
    own_topics_chain: ChainFactory, tmp_path: Path
) -> None:
    chain = own_topics_chain("apache_kafka")
    declared = write_declaration(tmp_path)
    lines = [encode_line(event) + b"\n" for event in simulate_history(PLAN)]
    history = tmp_path / "history.jsonl"
    history.write_bytes(b"".join(lines))
    chain.publish(lines)
    chain.start_worker(SAFECLOCK_DECLARATIONS=str(declared))
    chain.wait_until_applied(PLAN.end_ms - 30 * HOUR)

    boards = [chain.start_board(SAFECLOCK_DECLARATIONS=str(declared)) for _ in range(2)]
    for board in boards:
        wait_for_verdicts(chain, board)
    boards[0].terminate()
    boards.append(chain.start_board(SAFECLOCK_DECLARATIONS=str(declared)))
    wait_until(lambda: exported_verdicts(boards[2]) == exported_verdicts(boards[1]), "the same verdicts", chain.logs)
    words, changes = exported_verdicts(boards[1])

    document: Any = json.loads(
        chain.run_command(
            *("measure", str(history), f"--registry={chain.registry_file}", f"--declared={declared}"),
            *("--first-seen=2020-01-02T00:00:00Z", "--format=json"),
        )
    )
    cells = document["verdicts"][0]["cells"]
    assert words.keys() == {(cell["platform"], "demo", cell["verdict"]) for cell in cells}
    assert changes == {
        (cell["platform"], "demo", bound): cell["change"][name]
        for cell in cells
        if cell["change"]
        for bound, name in (("estimate", "difference"), ("low", "low"), ("high", "high"), ("detectable", "detectable"))
    }
    assert ("juniper", "demo", "not measurable") in words
    first = min(event.logged_at_ms for event in simulate_history(PLAN))
    (record,) = decoded(declaration_records(chain, chain.names.measures))
    assert record.is_demo
    assert first <= record.first_seen < first + DAY


@pytest.fixture
def log_time_chain(own_topics_chain: ChainFactory, monkeypatch: pytest.MonkeyPatch) -> Chain:
    """A chain whose broker stamps the records."""
    monkeypatch.setattr(Chain, "record_time", RecordTime.LOG)
    return own_topics_chain("apache_kafka")


def test_a_declaration_was_made_when_the_broker_stamped_its_first_row_whatever_restarts(
    log_time_chain: Chain, tmp_path: Path
) -> None:
    chain, declared = log_time_chain, write_declaration(tmp_path)

    for _ in range(3):
        worker = chain.start_worker(SAFECLOCK_DECLARATIONS=str(declared))
        wait_until(
            lambda: any(record.first_seen for record in decoded(declaration_records(chain, chain.names.measures))),
            "the instant of the declaration",
            chain.logs,
        )
        wait_until_serving(chain, worker)
        worker.kill()

    rows = declaration_records(chain, chain.names.changelog)
    assert [record.first_seen for record in decoded(rows)] == [0, rows[0].timestamp]
    assert decoded(declaration_records(chain, chain.names.measures)) == decoded(rows)
    assert {row.partition for row in rows} == {0}
