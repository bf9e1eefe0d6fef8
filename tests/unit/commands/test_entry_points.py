"""Every way in decides alike: the same line is refused for the same reason, in the same field."""

import gzip
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from aiokafka import TopicPartition
from backports import zstd

from producers.publisher.settings import PublisherSettings
from producers.publisher.upload.request import UploadRequest, publish_files
from streams.admin.replay.selection import ReplayCounts, ReplayedRecord, ReplayResult, check_record
from streams.batch.check.check import check
from streams.batch.explain import explain
from streams.batch.load import load_files
from streams.contract.events import keys
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
from tests.support.events.examples import AT, SECRET, TOKEN
from tests.support.events.line_corpus import NOW, ROOM, Case, cases, opened, told_by

FILED, TAKEN = "report-filed", "action-taken"
REGISTRY: Final = Registry(
    {name: Platform(id=name, provider="", report_filed=FILED, action_taken=TAKEN) for name in ("harbor", "meadow")}
)
DECODER: Final = EventDecoder(REGISTRY)
OPENED: Final = opened(REGISTRY)
BROKERS, SENDERS = 1, 0  # Kafka's words for whose stamp a record has
SETTINGS: Final = PublisherSettings(bootstrap="127.0.0.1:1")
Said = tuple[RefusalReason | str, str] | None


class Stamped(NamedTuple):
    """A record as a client hands it over."""

    topic: str
    key: bytes | None
    value: bytes
    timestamp: int
    timestamp_type: int
    partition: int = 0
    offset: int = 0
    headers: tuple[tuple[str, bytes], ...] = ()


def record(case: Case, timestamp: int, whose: int) -> Stamped:
    """Return what a client of a platform would send: the right topic and key wherever the line tells them."""
    try:
        tree = json.loads(case.line)
        platform = tree["source"].removeprefix("/platforms/")
        topic = TAKEN if "action" in tree["type"] else FILED
        key = heartbeat_key(platform) if "heartbeat" in tree["type"] else record_key(platform, tree["subject"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        topic, key = FILED, None
    return Stamped(topic, key, case.line, timestamp, whose)


def by_worker(found: Stamped, registry: Registry = REGISTRY) -> Said:
    """Return what a worker says of a record."""
    intake = PartitionProcessor(
        Ledger(ledger_config(registry, STANDARD_RULES), MessagePackCodec()),
        EventDecoder(registry),
        PartitionClock((FILED, TAKEN), 0),
        {FILED: 0, TAKEN: 0},
    )
    intake.process(RecordBatch(TopicPartition(found.topic, 0), 0, 1, 1, [found]), NOW)
    refused = [(refusal.reason, refusal.field) for refusal, _ in intake.drain_refusals().events]
    return refused[0] if refused else None


def by_replay(found: Stamped) -> Said:
    """Return what `replay` says of a record, with the field that its decoder told."""
    told = ReplayedRecord(found.topic, 0, 0, found.timestamp, found.key, found.value, None)
    tally = ReplayCounts()
    if check_record(DECODER, told, tally, NOW) is not ReplayResult.REFUSED:
        return None
    (reason,) = tally.current_reasons
    return reason, ""


def by_check(path: Path) -> Said:
    refused = check([path], REGISTRY, lambda: NOW).refused
    return (refused[0].reason, refused[0].field) if refused else None


def by_publish(path: Path, registry: Registry = REGISTRY, *, history: bool) -> Said:
    order = UploadRequest(settings=SETTINGS, registry=registry, paths=(path,), history=history, dry_run=True)
    found = publish_files(order, now=lambda: NOW)
    assert found.exit_code == bool(found.refusal_groups)
    return (found.refusal_groups[0].reason, found.refusal_groups[0].field) if found.refusal_groups else None


def by_measure(case: Case) -> str:
    tallies = load_files([case.line], REGISTRY, now=lambda: NOW).ledger.counters().values()
    names = [reason for tally in tallies for (reason,) in counters.counted(tally, counters.REFUSED)]
    return names[0] if names else ""


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.sentence)
def test_what_was_told_when_it_says_so_is_judged_alike_everywhere(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "line"
    path.write_bytes(b"\n" + case.line + b"\n")
    sent = record(case, told_by(case), SENDERS)
    reason = case.history[0] if case.history else ""

    assert {
        "check": by_check(path),
        "publish --history": by_publish(path, OPENED, history=True),
        "a worker that finds the broker's stamp": by_worker(record(case, NOW, BROKERS), OPENED),
        "a worker that finds its sender's": by_worker(sent),
    } == dict.fromkeys(
        ["check", "publish --history", "a worker that finds the broker's stamp", "a worker that finds its sender's"],
        case.history,
    )
    assert by_measure(case) == reason
    assert by_replay(sent) == ((reason, "") if reason else None)
    assert explain([case.line], REGISTRY, STANDARD_RULES, now=lambda: NOW).refused == bool(reason)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.sentence)
def test_what_is_told_now_is_judged_alike_everywhere(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "line"
    path.write_bytes(b"\n" + case.line + b"\n")
    sent = record(case, NOW, BROKERS)

    assert {
        "publish": by_publish(path, history=False),
        "publish --history, of which nothing is open": by_publish(path, history=True),
        "a worker": by_worker(sent),
    } == dict.fromkeys(["publish", "publish --history, of which nothing is open", "a worker"], case.live)
    assert by_replay(sent) == ((case.live[0], "") if case.live else None)


def in_binary_mode(found: Stamped) -> Stamped | None:
    """Return the record of the same event in binary mode; None where it cannot be said there, as it is no text."""
    try:
        tree = json.loads(found.value)
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
def test_a_record_is_judged_alike_in_both_modes(case: Case) -> None:
    structured = record(case, NOW, BROKERS)
    binary = in_binary_mode(structured)

    # What is no JSON, or not told apart by the reader of this test, cannot be written anew.
    told_apart = len(case.line) < ROOM // 2 and (case.live or ("",))[0] is not RefusalReason.NOT_JSON
    if binary is not None and told_apart:
        assert by_worker(binary) == by_worker(structured) == case.live


def test_only_the_age_of_a_filing_depends_on_when_it_is_told() -> None:
    differing = [case for case in cases() if case.history != case.live]

    assert [(case.history, case.live) for case in differing] == [(None, (RefusalReason.TOO_OLD, "time"))]


PACKED: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "zstd": zstd.compress,
    "CR LF": lambda lines: lines.replace(b"\n", b"\r\n"),
    "a byte order mark": lambda lines: b"\xef\xbb\xbf" + lines,
    "no line break at the end": lambda lines: lines[:-1],
    "blank lines": lambda lines: lines.replace(b"\n", b"\n\n \n"),
}


def on_its_own(line: bytes, number: int) -> bytes:
    """Return a line with a report and an id of its own: which of two in conflict is refused is the ledger's to say."""
    token = keys.report_token(SECRET, "k1", f"report {number}")
    return line.replace(TOKEN.encode(), token.encode()).replace(b"event-0001", b"event-%04d" % number)


def command(*arguments: str, given: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "safeclock", *arguments], input=given, capture_output=True, check=False
    )


@pytest.mark.parametrize("packed", PACKED)
def test_the_commands_count_the_same_refusals_however_the_lines_are_packed(packed: str, tmp_path: Path) -> None:
    lines = [on_its_own(case.line, number) for number, case in enumerate(cases())]
    content = PACKED[packed](b"\n".join(lines) + b"\n")
    path = tmp_path / "events"
    path.write_bytes(content)
    registry = tmp_path / "registry.toml"
    registry.write_text(
        "".join(f'[[platforms]]\nid = "{each}"\nprovider = "A"\n' for each in REGISTRY.platforms), "utf-8"
    )
    how = ("--registry", str(registry))
    now = ("--now", "2026-01-01T01:00:00.123Z")
    expected: dict[str, int] = {}
    for case in cases():
        if case.history:
            expected[case.history[0]] = expected.get(case.history[0], 0) + 1

    checked = command("check", "-", *how, *now, "--format", "json", given=content)
    measured = command("measure", str(path), *how, *now, "--format", "json", given=b"")
    explained = command("clocks", "explain", "-", *how, *now, "--format", "json", given=content)
    published = command("publish", str(path), *how, "--history", "--dry-run", given=b"")

    groups = json.loads(checked.stdout)["refused"]
    assert AT + 3_600_000 == NOW
    assert {group["reason"]: 0 for group in groups} == dict.fromkeys(expected, 0)
    assert sum(group["count"] for group in groups) == sum(expected.values())
    assert json.loads(measured.stdout)["refused"] == expected
    assert json.loads(explained.stdout)["refused"] == sum(expected.values())
    table = published.stderr.decode()
    assert all(f" {reason} " in table for reason in expected)
    assert (checked.returncode, measured.returncode, published.returncode) == (1, 0, 1)
