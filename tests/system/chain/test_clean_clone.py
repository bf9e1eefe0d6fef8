"""The README's two commands in a folder that holds nothing but what is committed."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from producers.simulation.model.platform_models import PLATFORM_MODELS
from tests.support.paths import ROOT
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

SETUP_SECONDS = 600
DEMO_SECONDS = 240
PLATFORMS = [profile.id.title() for profile in PLATFORM_MODELS]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of what is committed."""
    folder = tmp_path_factory.mktemp("clone") / "safeclock"
    subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True, timeout=SETUP_SECONDS)
    return folder


def clean_environment() -> dict[str, str]:
    """Return the environment of somebody who has just opened a terminal: nothing of this project is set up."""
    own = Path(sys.prefix, "bin")
    path = [entry for entry in os.environ["PATH"].split(os.pathsep) if Path(entry) != own]
    ours = ("VIRTUAL_ENV", "PYTHON", "PYTEST", "SAFECLOCK", "MAKE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "PATH": os.pathsep.join(path)}


def processes_in(folder: Path) -> list[str]:
    """Return the command lines of the running processes that were started from `folder`."""
    return [line for line in _command_lines() if str(folder) in line]


def _command_lines() -> Iterator[str]:
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue


def interrupt(process: subprocess.Popen[bytes]) -> None:
    """Do what Ctrl-C in a terminal does, and wait for the end; kill what does not listen."""
    for number in (signal.SIGINT, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)


def test_make_test_sets_itself_up_and_passes(clone: Path) -> None:
    tests = "T=tests/unit/contract tests/unit/repository/test_readme.py"

    done = subprocess.run(
        ["make", "test", tests],
        cwd=clone,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=SETUP_SECONDS,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert re.search(r"\b\d{3,} passed\b", done.stdout), done.stdout[-500:]


def test_make_demo_finds_every_planted_truth_and_leaves_nothing_behind(clone: Path, tmp_path: Path) -> None:
    printed = tmp_path / "demo.txt"

    def result_lines() -> list[str]:
        return [line for line in printed.read_text(encoding="utf-8").splitlines() if line[:1] in "✓✗" and line]

    with printed.open("w") as output:
        demo = subprocess.Popen(
            ["make", "demo"], cwd=clone, env=clean_environment(), stdout=output, stderr=output, start_new_session=True
        )
    try:
        wait_until(
            lambda: len(result_lines()) == len(PLATFORMS) or demo.poll() is not None,
            "a result for every platform",
            printed.read_text,
            SETUP_SECONDS + DEMO_SECONDS,
        )
    finally:
        interrupt(demo)

    assert sorted(line.split()[1].rstrip(":") for line in result_lines()) == sorted(PLATFORMS), printed.read_text()
    assert [line for line in result_lines() if line.startswith("✗")] == []
    wait_until(lambda: not processes_in(clone), "every process to end", lambda: "\n".join(processes_in(clone)), 10)
