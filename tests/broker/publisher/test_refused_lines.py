"""Bad lines never leave, and what was refused is never shown."""

import gc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from socket import AF_UNIX, socket

import pytest

from producers.publisher.delivery.kafka_producer import AcknowledgedProducer
from producers.publisher.errors import BrokerError
from producers.publisher.settings import PublisherSettings
from producers.publisher.upload import request
from producers.publisher.upload.precheck import FileCheck, LineRouter, check_lines
from producers.publisher.upload.request import UploadRequest, publish_blocks, publish_files
from streams.contract.registry.registry import Registry
from streams.contract.topics import partition_of
from streams.edge.files.line_blocks import LineBlock, group_lines
from tests.support.process.publisher_harness import (
    NOON,
    PARTITIONS,
    Stage,
    action,
    filing,
    heartbeat,
    retraction,
    written,
)

NOBODY = PublisherSettings(bootstrap="127.0.0.1:1", delivery_timeout_ms=1000, block_ms=1000)
WRONG = filing(9).replace(b'"bullying"', b'"a secret word"')


def order(path: Path, settings: PublisherSettings = NOBODY) -> UploadRequest:
    return UploadRequest(settings=settings, registry=Registry.accepting_all(), paths=(path,), history=True)


def test_a_producer_that_finds_no_broker_leaves_no_pair_of_sockets_open() -> None:
    before = _pairs()

    with pytest.raises(BrokerError):
        AcknowledgedProducer(NOBODY, ("report-filed",))

    assert _pairs() <= before


def _pairs() -> set[int]:
    every = [found for found in gc.get_objects() if isinstance(found, socket)]
    return {id(found) for found in every if found.family == AF_UNIX and found.fileno() >= 0}


def test_skipped_lines_are_told_and_the_others_arrive(harbor: Stage, tmp_path: Path) -> None:
    path = written(tmp_path, [filing(1), WRONG, filing(2)])

    told = publish_files(replace(order(path, harbor.settings), registry=harbor.registry, skip_refused=True))

    assert (told.acknowledged, told.exit_code, told.refusal_groups[0].count) == (2, 1, 1)
    assert {record.value for record in harbor.arrived(2)} == {filing(1), filing(2)}


def test_no_heartbeat_vouches_for_a_time_in_which_a_line_was_left_out(harbor: Stage, tmp_path: Path) -> None:
    path = written(tmp_path, [heartbeat(1), filing(1), b"{", action(2), heartbeat(2)])

    told = publish_files(replace(order(path, harbor.settings), registry=harbor.registry, skip_refused=True))

    assert (told.acknowledged, told.heartbeats, told.withheld_heartbeats, told.exit_code) == (2, 0, 2, 1)
    assert {record.value for record in harbor.arrived(2)} == {filing(1), action(2)}


def test_a_heartbeat_of_a_stream_is_held_back_from_the_line_on_that_was_left_out(harbor: Stage) -> None:
    lines = [heartbeat(1), b"{", filing(1), heartbeat(2)]
    stream = UploadRequest(settings=harbor.settings, registry=harbor.registry, history=True, skip_refused=True)

    told = publish_blocks(stream, group_lines(lines))

    assert (told.acknowledged, told.heartbeats, told.withheld_heartbeats, told.exit_code) == (2, 1, 1, 1)


def test_nothing_that_follows_a_refused_line_of_a_stream_leaves(harbor: Stage) -> None:
    lines = [filing(1), filing(2), WRONG, filing(3)]
    stream = UploadRequest(settings=harbor.settings, registry=harbor.registry, history=True)

    told = publish_blocks(stream, group_lines(lines))

    assert (told.acknowledged, told.exit_code, told.resume_from_line) == (2, 1, 3)
    assert {record.value for record in harbor.arrived(2)} == {filing(1), filing(2)}


def test_a_file_arrives_whole_in_order_and_with_the_time_at_which_it_was_told(anywhere: Stage, tmp_path: Path) -> None:
    lines = [line for n in range(500) for line in (filing(n, NOON + n), action(n, NOON + n + 1))]
    path = written(tmp_path, [*lines, heartbeat(1, NOON + 501)])

    told = publish_files(replace(order(path, anywhere.settings), registry=anywhere.registry))
    records = anywhere.arrived(1000 + 2 * PARTITIONS)

    events = [record for record in records if b"|" in record.key]
    beats = [record for record in records if b"|" not in record.key]
    assert (told.acknowledged, told.exit_code) == (1001, 0)
    assert sorted(record.value for record in events) == sorted(lines)
    assert all(record.partition == partition_of(record.key, PARTITIONS) for record in events)
    assert {(r.topic, r.partition) for r in beats} == {(t, p) for t in anywhere.topics for p in range(PARTITIONS)}
    for place in {(record.topic, record.partition) for record in records}:
        here = [record.timestamp for record in records if (record.topic, record.partition) == place]
        assert here == sorted(here)
        assert here[-1] == NOON + 501


def test_a_retraction_travels_where_the_retracted_event_did(harbor: Stage, tmp_path: Path) -> None:
    path = written(
        tmp_path,
        [filing(1), action(1), retraction(1, "action-000001"), filing(2), retraction(2, "filing-000002")],
    )

    publish_files(replace(order(path, harbor.settings), registry=harbor.registry))

    where = {record.value: record.topic for record in harbor.arrived(5)}
    assert where[retraction(1, "action-000001")] == harbor.platform.action_taken
    assert where[retraction(2, "filing-000002")] == harbor.platform.report_filed


@pytest.mark.parametrize("tampered", [[WRONG, filing(2)], [filing(1), filing(2), WRONG], []])
def test_a_file_that_changes_after_it_was_checked_does_not_leave(
    harbor: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tampered: list[bytes]
) -> None:
    path = written(tmp_path, [filing(1), filing(2)] if tampered else [])

    def survey_then_tamper(source: Iterator[LineBlock], read: LineRouter) -> FileCheck:
        found = check_lines(source, read)
        written(tmp_path, tampered or [WRONG])
        return found

    monkeypatch.setattr(request, "check_lines", survey_then_tamper)
    told = publish_files(replace(order(path, harbor.settings), registry=harbor.registry))

    assert (told.acknowledged, told.resume_from_line, told.exit_code) == (0, 1, 1)
    assert "changed" in told.stop_cause
    assert harbor.arrived(0) == []


@pytest.mark.parametrize("checked", [[filing(1), filing(2)], [filing(1), WRONG]])
def test_a_file_that_was_cut_after_it_was_checked_is_told(
    harbor: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checked: list[bytes]
) -> None:
    path = written(tmp_path, checked)

    def survey_then_cut(source: Iterator[LineBlock], read: LineRouter) -> FileCheck:
        found = check_lines(source, read)
        written(tmp_path, [])
        return found

    monkeypatch.setattr(request, "check_lines", survey_then_cut)
    told = publish_files(replace(order(path, harbor.settings), registry=harbor.registry, skip_refused=True))

    assert (told.acknowledged, told.resume_from_line, told.exit_code) == (0, 1, 1)
    assert "changed" in told.stop_cause
