"""The commands as processes."""

import gzip
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pytest
from backports import zstd

from streams.contract.events import keys
from streams.domain.duration_bins import HOUR
from tests.support.events.event_lines import action_line, filing_line
from tests.support.events.examples import AT, SECRET, TOKEN
from tests.support.events.line_corpus import NOW, cases

PLATFORMS: Final = ("harbor", "meadow")

FILE_ENCODINGS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "zstd": zstd.compress,
    "CR LF": lambda lines: lines.replace(b"\n", b"\r\n"),
    "a byte order mark": lambda lines: b"\xef\xbb\xbf" + lines,
    "no line break at the end": lambda lines: lines[:-1],
    "blank lines": lambda lines: lines.replace(b"\n", b"\n\n \n"),
}


def with_own_report(line: bytes, number: int) -> bytes:
    """Return a line with a report and an id of its own: which of two in conflict is refused is the ledger's to say."""
    token = keys.report_token(SECRET, "k1", f"report {number}")
    return line.replace(TOKEN.encode(), token.encode()).replace(b"event-0001", b"event-%04d" % number)


def run_command(*arguments: str, given: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "safeclock", *arguments], input=given, capture_output=True, check=False
    )


@pytest.mark.parametrize("packed", FILE_ENCODINGS)
def test_the_commands_count_the_same_refusals_however_the_lines_are_packed(packed: str, tmp_path: Path) -> None:
    lines = [with_own_report(case.line, number) for number, case in enumerate(cases())]
    content = FILE_ENCODINGS[packed](b"\n".join(lines) + b"\n")
    path = tmp_path / "events"
    path.write_bytes(content)
    registry = tmp_path / "registry.toml"
    registry.write_text("".join(f'[[platforms]]\nid = "{each}"\nprovider = "A"\n' for each in PLATFORMS), "utf-8")
    how = ("--registry", str(registry))
    now = ("--now", "2026-01-01T01:00:00.123Z")
    expected: dict[str, int] = {}
    for case in cases():
        if case.expected_in_history:
            expected[case.expected_in_history[0]] = expected.get(case.expected_in_history[0], 0) + 1

    checked = run_command("check", "-", *how, *now, "--format", "json", given=content)
    measured = run_command("measure", str(path), *how, *now, "--format", "json", given=b"")
    explained = run_command("clocks", "explain", "-", *how, *now, "--format", "json", given=content)
    published = run_command("publish", str(path), *how, "--history", "--dry-run", given=b"")

    groups = json.loads(checked.stdout)["refused"]
    assert AT + 3_600_000 == NOW
    assert {group["reason"]: 0 for group in groups} == dict.fromkeys(expected, 0)
    assert sum(group["count"] for group in groups) == sum(expected.values())
    assert json.loads(measured.stdout)["refused"] == expected
    assert json.loads(explained.stdout)["refused"] == sum(expected.values())
    table = published.stderr.decode()
    assert all(f" {reason} " in table for reason in expected)
    assert (checked.returncode, measured.returncode, published.returncode) == (1, 0, 1)


def test_measure_reads_standard_input() -> None:
    lines = filing_line("a", 0) + filing_line("b", 0) + action_line("a", "restricted", HOUR)

    measured = run_command("measure", "--format", "json", given=lines)

    assert json.loads(measured.stdout)["groups"][0]["filed"] == 2
