"""What goes into a pipe is whole; what goes to a terminal of eighty columns is wrapped and never cut."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Sequence
from pathlib import Path

import pytest

from streams.domain.duration_bins import DAY
from tests.support.events.event_lines import action_line, filing_line
from tests.support.paths import CHILDREN_PACK

ELLIPSIS = "…"
FOLDER = (
    "a folder with [bold]a rather long name[/bold] for :smile: which no table of eighty columns has the room it takes"
)


@pytest.fixture
def events(tmp_path: Path) -> Path:
    """A file at a long path, with a line of every outcome and one that is refused."""
    labels = {"harm": "intimate_images", "reporter": "organisation", "trusted_flagger": True}
    path = tmp_path / FOLDER / "events.jsonl"
    path.parent.mkdir(parents=True)
    several = [filing_line(f"r{n}", n * 1_000, labels=labels if n % 2 else None) for n in range(150)]
    path.write_bytes(
        b"".join(
            [
                *several,
                action_line("r1", "restricted", 3_600_000),
                action_line("r3", "restricted", 2 * DAY),
                b"{\n",
                b'{"specversion":"1.0"}\n',
            ]
        )
    )
    return path


def command_lines(path: Path) -> list[list[str]]:
    return [
        ["check", str(path)],
        ["measure", str(path), "--by", "platform,harm,reporter,trusted_flagger,jurisdictions"],
        ["clocks", "list", "--pack", str(CHILDREN_PACK)],
        ["clocks", "explain", str(path), "--pack", str(CHILDREN_PACK)],
        ["publish", str(path), "--history", "--dry-run"],
    ]


def output_in_pipe(arguments: Sequence[str], **variables: str) -> str:
    """Return what a command prints into a pipe while a terminal of eighty columns is on its standard input."""
    parent, child = pty.openpty()
    _resize(child, 80)
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"} | variables
    ended = subprocess.run(
        [sys.executable, "-m", "safeclock", *arguments],
        stdin=child,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        check=False,
    )
    os.close(parent)
    os.close(child)
    return ended.stdout.decode()


def output_on_terminal(arguments: Sequence[str], columns: int) -> str:
    """Return what a command prints on a terminal."""
    parent, child = pty.openpty()
    _resize(child, columns)
    environment = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "NO_COLOR"}}
    with subprocess.Popen(
        [sys.executable, "-m", "safeclock", *arguments],
        stdin=child,
        stdout=child,
        stderr=subprocess.DEVNULL,
        env=environment,
    ) as process:
        os.close(child)
        shown = b""
        while some := _read(parent):
            shown += some
        process.wait(60)
    os.close(parent)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())


def _resize(terminal: int, columns: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 25, columns, 0, 0))


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # how Linux tells that nobody writes any more
        return b""


def visible_text(text: str) -> str:
    """Return what a text says, without blanks, line breaks and the lines of tables."""
    return re.sub(r"[\s\u2500-\u257f]", "", text)


@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize("variables", [{}, {"COLUMNS": "40"}])
def test_nothing_is_cut_or_wrapped_in_a_pipe(events: Path, number: int, variables: dict[str, str]) -> None:
    shown = output_in_pipe(command_lines(events)[number], **variables)

    assert shown
    assert ELLIPSIS not in shown
    assert not any(len(line) > 50_000 for line in shown.splitlines())
    if number in {0, 4}:
        assert f"{events}:153" in shown
    if number == 1:
        assert any(
            "organisation" in line and "intimate_images" in line and " to " in line for line in shown.splitlines()
        )


@pytest.mark.parametrize("columns", [80, 40])
def test_on_a_terminal_places_are_broken_and_not_cut(events: Path, columns: int) -> None:
    shown = output_on_terminal(["check", str(events)], columns)

    assert ELLIPSIS not in shown
    assert max(len(line.rstrip()) for line in shown.splitlines()) <= columns
    cells = [[cell.strip() for cell in line.split("│")] for line in shown.splitlines() if "│" in line]
    assert f"{events}:153".replace(" ", "") in visible_text("".join(cell[4] for cell in cells))


def test_on_a_terminal_figures_are_broken_and_not_cut(events: Path) -> None:
    shown = output_on_terminal(command_lines(events)[1], 80)

    assert ELLIPSIS not in shown
    assert max(len(line.rstrip()) for line in shown.splitlines()) <= 80


@pytest.mark.parametrize("number", [2, 3])
def test_clocks_are_reported_whole_on_a_terminal(events: Path, number: int) -> None:
    command = command_lines(events)[number]

    assert visible_text(output_on_terminal(command, 80)) == visible_text(output_in_pipe(command))
