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
from streams.contract.registry.registry import Platform, Registry
from tests.support.events.examples import AT, SECRET, TOKEN
from tests.support.events.line_corpus import NOW, cases

FILED, TAKEN = "report-filed", "action-taken"


REGISTRY: Final = Registry(
    {name: Platform(id=name, provider="", report_filed=FILED, action_taken=TAKEN) for name in ("harbor", "meadow")}
)


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


def test_measure_reads_standard_input(events: Path) -> None:
    command = [sys.executable, "-m", "safeclock", "measure", "--format", "json"]
    piped = subprocess.run(command, input=events.read_bytes(), capture_output=True, check=True)

    assert json.loads(piped.stdout)["groups"][0]["filed"] == 2
