"""Every way in decides alike: the same line is refused for the same reason, in the same field."""

import json
from pathlib import Path
from typing import Final

import pytest
from aiokafka import TopicPartition

from producers.publisher.settings import PublisherSettings
from producers.publisher.upload.request import UploadRequest, publish_files
from streams.admin.replay.selection import ReplayCounts, ReplayedRecord, ReplayResult, check_record
from streams.batch.check.check import check
from streams.batch.explain import explain
from streams.batch.load import load_files
from streams.contract.events.decoder import EventDecoder
from streams.contract.events.keys import heartbeat_key, record_key
from streams.contract.outputs.row_codec import MessagePackCodec
from streams.contract.packs.ledger_config import ledger_config
from streams.contract.packs.rulebook import STANDARD_RULES
from streams.contract.registry.registry import Platform, Registry
from streams.domain.ledger import counters
from streams.domain.ledger.ledger import Ledger
from streams.domain.log_time import PartitionClock
from streams.domain.vocabulary import RefusalReason
from streams.runtime.kafka.records import RecordBatch
from streams.runtime.partition.processor import PartitionProcessor
from streams.runtime.partition.takeover.starting_point import StartingPoint
from tests.support.events.input_record import InputRecord
from tests.support.events.line_corpus import MAX_BYTES, NOW, LineCase, cases, recorded_time_of, registry_with_history

FILED, TAKEN = "report-filed", "action-taken"
REGISTRY: Final = Registry(
    {name: Platform(id=name, provider="", report_filed=FILED, action_taken=TAKEN) for name in ("harbor", "meadow")}
)
DECODER: Final = EventDecoder(REGISTRY)
REGISTRY_WITH_HISTORY: Final = registry_with_history(REGISTRY)
LOG_APPEND_TIME, CREATE_TIME = 1, 0  # Kafka's words for whose stamp a record has
SETTINGS: Final = PublisherSettings(bootstrap="127.0.0.1:1")
Rejection = tuple[RefusalReason | str, str] | None


def client_record(case: LineCase, timestamp: int, timestamp_type: int) -> InputRecord:
    """Return what a client of a platform would send: the right topic and key wherever the line tells them."""
    try:
        tree = json.loads(case.line)
        platform = tree["source"].removeprefix("/platforms/")
        topic = TAKEN if "action" in tree["type"] else FILED
        key = heartbeat_key(platform) if "heartbeat" in tree["type"] else record_key(platform, tree["subject"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        topic, key = FILED, None
    return InputRecord(topic, case.line, key, timestamp, timestamp_type=timestamp_type)


def rejection_by_worker(found: InputRecord, registry: Registry = REGISTRY) -> Rejection:
    """Return what a worker says of a record."""
    ledger = Ledger(ledger_config(registry, STANDARD_RULES), MessagePackCodec())
    intake = PartitionProcessor(ledger, EventDecoder(registry))
    intake.start(StartingPoint(PartitionClock((FILED, TAKEN), 0), {FILED: 0, TAKEN: 0}))
    intake.process(RecordBatch(TopicPartition(found.topic, 0), 0, 1, 1, [found]), NOW)
    refused = [(refusal.reason, refusal.field) for refusal, _ in intake.drain_refusals().events]
    return refused[0] if refused else None


def rejection_by_replay(found: InputRecord) -> Rejection:
    """Return what `replay` says of a record, with the field that its decoder told."""
    replayed = ReplayedRecord(found.topic, 0, 0, found.timestamp, found.key, found.value, None)
    tally = ReplayCounts()
    if check_record(DECODER, replayed, tally, NOW) is not ReplayResult.REFUSED:
        return None
    (reason,) = tally.current_reasons
    return reason, ""


def rejections_by_check(path: Path) -> Rejection:
    refused = check([path], REGISTRY, lambda: NOW).refused
    return (refused[0].reason, refused[0].field) if refused else None


def rejections_by_publish(path: Path, registry: Registry = REGISTRY, *, history: bool) -> Rejection:
    order = UploadRequest(settings=SETTINGS, registry=registry, paths=(path,), history=history, dry_run=True)
    found = publish_files(order, now=lambda: NOW)
    assert found.exit_code == bool(found.refusal_groups)
    return (found.refusal_groups[0].reason, found.refusal_groups[0].field) if found.refusal_groups else None


def rejections_by_measure(case: LineCase) -> str:
    tallies = load_files([case.line], REGISTRY, now=lambda: NOW).ledger.counters().values()
    names = [reason for tally in tallies for (reason,) in counters.counted(tally, counters.REFUSED)]
    return names[0] if names else ""


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.sentence)
def test_what_was_logged_when_it_says_so_is_judged_alike_everywhere(case: LineCase, tmp_path: Path) -> None:
    path = tmp_path / "line"
    path.write_bytes(b"\n" + case.line + b"\n")
    sent = client_record(case, recorded_time_of(case), CREATE_TIME)
    reason = case.expected_in_history[0] if case.expected_in_history else ""

    assert {
        "check": rejections_by_check(path),
        "publish --history": rejections_by_publish(path, REGISTRY_WITH_HISTORY, history=True),
        "a worker that finds the broker's stamp": rejection_by_worker(
            client_record(case, NOW, LOG_APPEND_TIME), REGISTRY_WITH_HISTORY
        ),
        "a worker that finds its sender's": rejection_by_worker(sent),
    } == dict.fromkeys(
        ["check", "publish --history", "a worker that finds the broker's stamp", "a worker that finds its sender's"],
        case.expected_in_history,
    )
    assert rejections_by_measure(case) == reason
    assert rejection_by_replay(sent) == ((reason, "") if reason else None)
    assert explain([case.line], REGISTRY, STANDARD_RULES, now=lambda: NOW).refused == bool(reason)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.sentence)
def test_what_is_logged_now_is_judged_alike_everywhere(case: LineCase, tmp_path: Path) -> None:
    path = tmp_path / "line"
    path.write_bytes(b"\n" + case.line + b"\n")
    sent = client_record(case, NOW, LOG_APPEND_TIME)

    assert {
        "publish": rejections_by_publish(path, history=False),
        "publish --history, of which nothing is open": rejections_by_publish(path, history=True),
        "a worker": rejection_by_worker(sent),
    } == dict.fromkeys(["publish", "publish --history, of which nothing is open", "a worker"], case.expected_live)
    assert rejection_by_replay(sent) == ((case.expected_live[0], "") if case.expected_live else None)


def in_binary_mode(found: InputRecord) -> InputRecord | None:
    """Return the record of the same event in binary mode; None where it cannot be said there, as it is no text."""
    try:
        tree = json.loads(found.value or b"")
    except (ValueError, RecursionError):
        return None
    if not isinstance(tree, dict):
        return None
    data = json.dumps(tree.pop("data")).encode() if "data" in tree else b""
    media = tree.pop("datacontenttype", "application/json")
    if not all(isinstance(text, str) for text in (media, *tree.values())):
        return None
    headers = [("content-type", media.encode()), *((f"ce_{name}", text.encode()) for name, text in tree.items())]
    return found._replace(value=data, headers=tuple(headers))


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.sentence)
def test_a_record_is_judged_alike_in_both_modes(case: LineCase) -> None:
    structured = client_record(case, NOW, LOG_APPEND_TIME)
    binary = in_binary_mode(structured)

    # What is no JSON, or not told apart by the reader of this test, cannot be written anew.
    is_distinguished = (
        len(case.line) < MAX_BYTES // 2 and (case.expected_live or ("",))[0] is not RefusalReason.NOT_JSON
    )
    if binary is not None and is_distinguished:
        assert rejection_by_worker(binary) == rejection_by_worker(structured) == case.expected_live


def test_only_the_age_of_a_filing_depends_on_when_it_is_logged() -> None:
    differing = [case for case in cases() if case.expected_in_history != case.expected_live]

    assert [(case.expected_in_history, case.expected_live) for case in differing] == [
        (None, (RefusalReason.TOO_OLD, "time"))
    ]
