"""A pipe that stays open: lines leave as they come, and an interruption is accounted for."""

import gzip
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from producers.publisher.upload.request import UploadRequest, publish_files
from streams.domain.duration_bins import HOUR
from tests.support.process.publisher_harness import (
    NOON,
    PARTITIONS,
    TIMEOUT_SECONDS,
    PublisherHarness,
    filing_line,
    heartbeat_line,
)

BACKGROUND_PROGRAM = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from producers.publisher.upload.request import UploadRequest, publish_files
from producers.publisher.settings import PublisherSettings
from streams.contract.registry.registry import Platform, Registry

bootstrap, filed, acted = sys.argv[1:]
platform = Platform(id="harbor", provider="", report_filed=filed, action_taken=acted)
settings = PublisherSettings(bootstrap=bootstrap, idempotent=False)
result = publish_files(UploadRequest(settings=settings, registry=Registry({"harbor": platform}), history=True))
print(result.acknowledged, result.resume_from_line, result.stop_cause)
sys.exit(result.exit_code)
"""


def test_lines_leave_while_the_pipe_is_open_and_an_interruption_says_where_to_resume(
    any_publisher: PublisherHarness,
) -> None:
    command = [sys.executable, "-c", BACKGROUND_PROGRAM, any_publisher.settings.bootstrap, *any_publisher.topics]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=False) as process:
        assert process.stdin is not None
        process.stdin.write(filing_line(1) + b"\n" + filing_line(2) + b"\n")
        process.stdin.flush()

        arrived = any_publisher.read_events(2)
        process.send_signal(signal.SIGINT)
        try:
            said, _ = process.communicate(timeout=TIMEOUT_SECONDS)
        finally:
            process.kill()

    assert len(arrived) == 2
    assert (said.split(), process.returncode) == ([b"2", b"3", b"interrupted"], 1)


def test_what_a_shell_puts_in_the_place_of_a_file_is_a_pipe(any_publisher: PublisherHarness) -> None:
    reading, writing = os.pipe()
    os.write(writing, filing_line(1) + b"\n" + filing_line(2) + b"\n")
    os.close(writing)
    paths = (Path(f"/dev/fd/{reading}"),)

    result = publish_files(
        UploadRequest(settings=any_publisher.settings, registry=any_publisher.registry, paths=paths, history=True)
    )
    os.close(reading)

    assert (result.events, result.acknowledged, result.exit_code) == (2, 2, 0)


def test_a_pipe_that_stays_open_for_hours_takes_what_is_written_by_then(
    any_publisher: PublisherHarness, tmp_path: Path
) -> None:
    pipe, clock = tmp_path / "pipe", [NOON]
    os.mkfifo(pipe)
    order = UploadRequest(settings=any_publisher.settings, registry=any_publisher.registry, paths=(pipe,))
    with ThreadPoolExecutor(1) as pool:
        upload = pool.submit(publish_files, order, now=lambda: clock[0])
        with pipe.open("wb", buffering=0) as end:
            end.write(filing_line(1, NOON) + b"\n")
            any_publisher.read_events(1)
            clock[0] = NOON + 5 * HOUR
            end.write(filing_line(2, NOON + 5 * HOUR) + b"\n" + heartbeat_line(1, NOON + 5 * HOUR) + b"\n")
            end.write(filing_line(3, NOON + 6 * HOUR) + b"\n")
        published = upload.result(TIMEOUT_SECONDS)

    assert [(group.reason, group.first) for group in published.refusal_groups] == [("future_time", f"{pipe}:4")]
    assert (published.acknowledged, published.exit_code, published.resume_from_line) == (3, 1, 4)


def test_a_pipe_that_breaks_off_is_accounted_for(any_publisher: PublisherHarness, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    order = UploadRequest(settings=any_publisher.settings, registry=any_publisher.registry, paths=(pipe,), history=True)
    lines = b"".join(filing_line(number) + b"\n" for number in range(20_000))
    with ThreadPoolExecutor(1) as pool:
        upload = pool.submit(publish_files, order)
        pipe.write_bytes(gzip.compress(lines)[:-100])
        published = upload.result(TIMEOUT_SECONDS)

    assert 0 < published.acknowledged < 20_000
    assert (published.exit_code, published.resume_from_line) == (1, published.acknowledged + 1)
    assert "expected one complete compressed file" in published.stop_cause


def background_process() -> None:
    """Ignore SIGINT, as a shell has its background jobs do."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@pytest.mark.parametrize(
    ("number", "begun"),
    [(signal.SIGINT, None), (signal.SIGTERM, None), (signal.SIGTERM, background_process)],
    ids=["SIGINT", "SIGTERM", "SIGTERM in the background"],
)
def test_the_command_says_where_to_resume_whoever_ends_it(
    any_publisher: PublisherHarness, tmp_path: Path, number: signal.Signals, begun: Callable[[], None] | None
) -> None:
    filed, acted = any_publisher.topics
    registry = tmp_path / "registry.toml"
    registry.write_text(
        f'partitions = {PARTITIONS}\n[[platforms]]\nid = "harbor"\nprovider = "A test"\n'
        f'report_filed = "{filed}"\naction_taken = "{acted}"\n',
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "safeclock", "publish", "-", "--history", "--registry", str(registry)]
    environment = {
        "SAFECLOCK_PUBLISH_BOOTSTRAP": any_publisher.settings.bootstrap,
        "SAFECLOCK_PUBLISH_IDEMPOTENT": "false",
    }
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **environment},
        preexec_fn=begun,  # noqa: PLW1509 - no thread of ours runs here
    ) as process:
        assert process.stdin is not None
        process.stdin.write(filing_line(1) + b"\n" + filing_line(2) + b"\n")
        process.stdin.flush()

        any_publisher.read_events(2)
        process.send_signal(number)
        try:
            _, said = process.communicate(timeout=TIMEOUT_SECONDS)
        finally:
            process.kill()

    assert process.returncode == 1
    assert b"2 lines acknowledged" in said
    assert b"stopped early: interrupted. Resume with --from-line 3" in said
