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
    PublisherHarness,
    action_line,
    filing_line,
    heartbeat_line,
    retraction_line,
    write_lines,
)

NO_BROKER_SETTINGS = PublisherSettings(bootstrap="127.0.0.1:1", delivery_timeout_ms=1000, block_ms=1000)
WRONG_LINE = filing_line(9).replace(b'"bullying"', b'"a secret word"')


def upload_order(path: Path, settings: PublisherSettings = NO_BROKER_SETTINGS) -> UploadRequest:
    return UploadRequest(settings=settings, registry=Registry.accepting_all(), paths=(path,), history=True)


def test_a_producer_that_finds_no_broker_leaves_no_pair_of_sockets_open() -> None:
    before = _line_pairs()

    with pytest.raises(BrokerError):
        AcknowledgedProducer(NO_BROKER_SETTINGS, ("report-filed",))

    assert _line_pairs() <= before


def _line_pairs() -> set[int]:
    every = [found for found in gc.get_objects() if isinstance(found, socket)]
    return {id(found) for found in every if found.family == AF_UNIX and found.fileno() >= 0}


def test_skipped_lines_are_reported_and_the_others_arrive(any_publisher: PublisherHarness, tmp_path: Path) -> None:
    path = write_lines(tmp_path, [filing_line(1), WRONG_LINE, filing_line(2)])

    result = publish_files(
        replace(upload_order(path, any_publisher.settings), registry=any_publisher.registry, skip_refused=True)
    )

    assert (result.acknowledged, result.exit_code, result.refusal_groups[0].count) == (2, 1, 1)
    assert {record.value for record in any_publisher.read_events(2)} == {filing_line(1), filing_line(2)}


def test_no_heartbeat_vouches_for_a_time_in_which_a_line_was_left_out(
    any_publisher: PublisherHarness, tmp_path: Path
) -> None:
    path = write_lines(tmp_path, [heartbeat_line(1), filing_line(1), b"{", action_line(2), heartbeat_line(2)])

    result = publish_files(
        replace(upload_order(path, any_publisher.settings), registry=any_publisher.registry, skip_refused=True)
    )

    assert (result.acknowledged, result.heartbeats, result.withheld_heartbeats, result.exit_code) == (2, 0, 2, 1)
    assert {record.value for record in any_publisher.read_events(2)} == {filing_line(1), action_line(2)}


def test_a_heartbeat_of_a_stream_is_held_back_from_the_line_on_that_was_left_out(
    any_publisher: PublisherHarness,
) -> None:
    lines = [heartbeat_line(1), b"{", filing_line(1), heartbeat_line(2)]
    stream = UploadRequest(
        settings=any_publisher.settings, registry=any_publisher.registry, history=True, skip_refused=True
    )

    result = publish_blocks(stream, group_lines(lines))

    assert (result.acknowledged, result.heartbeats, result.withheld_heartbeats, result.exit_code) == (2, 1, 1, 1)


def test_nothing_that_follows_a_refused_line_of_a_stream_leaves(any_publisher: PublisherHarness) -> None:
    lines = [filing_line(1), filing_line(2), WRONG_LINE, filing_line(3)]
    stream = UploadRequest(settings=any_publisher.settings, registry=any_publisher.registry, history=True)

    result = publish_blocks(stream, group_lines(lines))

    assert (result.acknowledged, result.exit_code, result.resume_from_line) == (2, 1, 3)
    assert {record.value for record in any_publisher.read_events(2)} == {filing_line(1), filing_line(2)}


def test_a_file_arrives_whole_in_order_and_with_the_time_at_which_it_was_logged(
    each_publisher: PublisherHarness, tmp_path: Path
) -> None:
    lines = [line for n in range(500) for line in (filing_line(n, NOON + n), action_line(n, NOON + n + 1))]
    path = write_lines(tmp_path, [*lines, heartbeat_line(1, NOON + 501)])

    result = publish_files(replace(upload_order(path, each_publisher.settings), registry=each_publisher.registry))
    records = each_publisher.read_events(1000 + 2 * PARTITIONS)

    events = [record for record in records if b"|" in record.key]
    beats = [record for record in records if b"|" not in record.key]
    assert (result.acknowledged, result.exit_code) == (1001, 0)
    assert sorted(record.value for record in events) == sorted(lines)
    assert all(record.partition == partition_of(record.key, PARTITIONS) for record in events)
    assert {(r.topic, r.partition) for r in beats} == {(t, p) for t in each_publisher.topics for p in range(PARTITIONS)}
    for place in {(record.topic, record.partition) for record in records}:
        here = [record.timestamp for record in records if (record.topic, record.partition) == place]
        assert here == sorted(here)
        assert here[-1] == NOON + 501


def test_a_retraction_travels_where_the_retracted_event_did(any_publisher: PublisherHarness, tmp_path: Path) -> None:
    path = write_lines(
        tmp_path,
        [
            filing_line(1),
            action_line(1),
            retraction_line(1, "action-000001"),
            filing_line(2),
            retraction_line(2, "filing-000002"),
        ],
    )

    publish_files(replace(upload_order(path, any_publisher.settings), registry=any_publisher.registry))

    where = {record.value: record.topic for record in any_publisher.read_events(5)}
    assert where[retraction_line(1, "action-000001")] == any_publisher.platform.action_taken
    assert where[retraction_line(2, "filing-000002")] == any_publisher.platform.report_filed


@pytest.mark.parametrize("tampered", [[WRONG_LINE, filing_line(2)], [filing_line(1), filing_line(2), WRONG_LINE], []])
def test_a_file_that_changes_after_it_was_checked_does_not_leave(
    any_publisher: PublisherHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tampered: list[bytes]
) -> None:
    path = write_lines(tmp_path, [filing_line(1), filing_line(2)] if tampered else [])

    def survey_then_tamper(source: Iterator[LineBlock], read: LineRouter) -> FileCheck:
        found = check_lines(source, read)
        write_lines(tmp_path, tampered or [WRONG_LINE])
        return found

    monkeypatch.setattr(request, "check_lines", survey_then_tamper)
    result = publish_files(replace(upload_order(path, any_publisher.settings), registry=any_publisher.registry))

    assert (result.acknowledged, result.resume_from_line, result.exit_code) == (0, 1, 1)
    assert "changed" in result.stop_cause
    assert any_publisher.read_events(0) == []


@pytest.mark.parametrize("checked", [[filing_line(1), filing_line(2)], [filing_line(1), WRONG_LINE]])
def test_a_file_that_was_cut_after_it_was_checked_is_reported(
    any_publisher: PublisherHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checked: list[bytes]
) -> None:
    path = write_lines(tmp_path, checked)

    def survey_then_cut(source: Iterator[LineBlock], read: LineRouter) -> FileCheck:
        found = check_lines(source, read)
        write_lines(tmp_path, [])
        return found

    monkeypatch.setattr(request, "check_lines", survey_then_cut)
    result = publish_files(
        replace(upload_order(path, any_publisher.settings), registry=any_publisher.registry, skip_refused=True)
    )

    assert (result.acknowledged, result.resume_from_line, result.exit_code) == (0, 1, 1)
    assert "changed" in result.stop_cause
