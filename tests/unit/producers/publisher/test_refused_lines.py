"""Lines that are refused before anything is sent."""

from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from producers.publisher.settings import PublisherSettings
from producers.publisher.upload.console import print_result
from producers.publisher.upload.request import UploadRequest, publish_files
from streams.contract.registry.registry import Registry
from tests.support.process.publisher_harness import (
    action_line,
    filing_line,
    heartbeat_line,
    write_lines,
)

NOBODY = PublisherSettings(bootstrap="127.0.0.1:1", delivery_timeout_ms=1000, block_ms=1000)


NEXT_CENTURY = 4_200_000_000_000


WRONG = filing_line(9).replace(b'"bullying"', b'"a secret word"')


def order(path: Path, settings: PublisherSettings = NOBODY) -> UploadRequest:
    return UploadRequest(settings=settings, registry=Registry.accepting_all(), paths=(path,), history=True)


def test_a_file_with_a_bad_line_never_reaches_a_broker(tmp_path: Path) -> None:
    path = write_lines(tmp_path, [filing_line(1), WRONG, filing_line(2), b"{"])

    result = publish_files(order(path))

    assert (result.is_sent, result.exit_code, result.acknowledged) == (False, 1, 0)
    assert {
        (group.reason, group.field, group.count, group.first.rpartition(":")[2]) for group in result.refusal_groups
    } == {
        ("bad_value", "harm", 1, "2"),
        ("not_json", "", 1, "4"),
    }


def test_a_refused_value_is_never_shown(tmp_path: Path) -> None:
    shown = StringIO()

    print_result(publish_files(order(write_lines(tmp_path, [WRONG]))), Console(file=shown, width=200))

    assert "harm" in shown.getvalue()
    assert "secret" not in shown.getvalue()


def test_what_was_expected_is_shown_instead(tmp_path: Path) -> None:
    shown = StringIO()

    print_result(publish_files(order(write_lines(tmp_path, [WRONG]))), Console(file=shown, width=400))

    assert "bad_value in harm: expected one of csam, csam_generated, grooming" in shown.getvalue()


@pytest.mark.parametrize("skip_refused", [False, True])
def test_a_file_of_another_kind_is_recognised(tmp_path: Path, *, skip_refused: bool) -> None:
    path = write_lines(tmp_path, [b"id,received,harm", b"1,2026-01-05,csam"])
    shown = StringIO()

    print_result(
        publish_files(replace(order(path), dry_run=True, skip_refused=skip_refused)), Console(file=shown, width=400)
    )

    assert f"{path} looks like a table, such as CSV" in shown.getvalue()


def test_a_dry_run_counts_and_sends_nothing(tmp_path: Path) -> None:
    path = write_lines(tmp_path, [filing_line(1), action_line(1), b"", heartbeat_line(1)])

    result = publish_files(replace(order(path), dry_run=True))

    assert (result.events, result.heartbeats, result.is_sent, result.exit_code) == (2, 1, False, 0)


def test_live_lines_that_workers_would_find_too_old_are_refused(tmp_path: Path) -> None:
    path = write_lines(tmp_path, [filing_line(1)])

    result = publish_files(replace(order(path), history=False))

    assert [group.reason for group in result.refusal_groups] == ["too_old"]


def test_a_heartbeat_that_workers_would_find_ahead_of_its_time_is_refused_live_and_as_history(tmp_path: Path) -> None:
    path = write_lines(tmp_path, [heartbeat_line(1, complete_through=NEXT_CENTURY)])

    live, history = (publish_files(replace(order(path), history=history, dry_run=True)) for history in (False, True))

    assert [(group.reason, group.field) for group in live.refusal_groups] == [("future_time", "time")]
    assert (history.refusal_groups, history.heartbeats) == (live.refusal_groups, 0)


def test_a_dry_run_says_which_heartbeats_would_be_held_back(tmp_path: Path) -> None:
    other = filing_line(1, platform="meadow").replace(b'"bullying"', b'"none"')
    path = write_lines(tmp_path, [filing_line(1), other, heartbeat_line(1), heartbeat_line(2, platform="meadow")])
    shown = StringIO()

    result = publish_files(replace(order(path), dry_run=True, skip_refused=True))
    print_result(result, Console(file=shown, width=200))

    assert (result.events, result.heartbeats, result.withheld_heartbeats, result.exit_code) == (1, 1, 1, 1)
    assert "1 heartbeat not sent" in shown.getvalue()
