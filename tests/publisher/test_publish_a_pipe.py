"""A pipe that stays open: lines leave as they come, and an interruption is accounted for."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from producers.publisher.files import Order, publish
from tests.publisher.stage import DEADLINE_S, PARTITIONS, Stage, filing

pytestmark = pytest.mark.integration

PROGRAM = """
import sys
from pathlib import Path
from producers.publisher.files import Order, publish
from producers.publisher.settings import PublisherSettings
from streams.contract.registry import Platform, Registry

bootstrap, filed, acted = sys.argv[1:]
platform = Platform(id="harbor", provider="", report_filed=filed, action_taken=acted)
settings = PublisherSettings(bootstrap=bootstrap, idempotent=False)
told = publish(Order(settings=settings, registry=Registry({"harbor": platform}), history=True))
print(told.acknowledged, told.resume_from, told.cause)
sys.exit(told.exit_code)
"""


def test_lines_leave_while_the_pipe_is_open_and_an_interruption_says_where_to_resume(harbor: Stage) -> None:
    command = [sys.executable, "-c", PROGRAM, harbor.settings.bootstrap, *harbor.topics]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=False) as process:
        assert process.stdin is not None
        process.stdin.write(filing(1) + b"\n" + filing(2) + b"\n")
        process.stdin.flush()

        arrived = harbor.arrived(2)
        process.send_signal(signal.SIGINT)
        try:
            said, _ = process.communicate(timeout=DEADLINE_S)
        finally:
            process.kill()

    assert len(arrived) == 2
    assert (said.split(), process.returncode) == ([b"2", b"3", b"interrupted"], 1)


def test_what_a_shell_puts_in_the_place_of_a_file_is_a_pipe(harbor: Stage) -> None:
    reading, writing = os.pipe()
    os.write(writing, filing(1) + b"\n" + filing(2) + b"\n")
    os.close(writing)
    paths = (Path(f"/dev/fd/{reading}"),)

    told = publish(Order(settings=harbor.settings, registry=harbor.registry, paths=paths, history=True))
    os.close(reading)

    assert (told.events, told.acknowledged, told.exit_code) == (2, 2, 0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_says_where_to_resume_whoever_ends_it(
    harbor: Stage, tmp_path: Path, number: signal.Signals
) -> None:
    filed, acted = harbor.topics
    registry = tmp_path / "registry.toml"
    registry.write_text(
        f'partitions = {PARTITIONS}\n[[platforms]]\nid = "harbor"\nprovider = "A test"\n'
        f'report_filed = "{filed}"\naction_taken = "{acted}"\n',
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "safeclock", "publish", "-", "--history", "--registry", str(registry)]
    told = {"SAFECLOCK_PUBLISH_BOOTSTRAP": harbor.settings.bootstrap, "SAFECLOCK_PUBLISH_IDEMPOTENT": "false"}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **told}
    ) as process:
        assert process.stdin is not None
        process.stdin.write(filing(1) + b"\n" + filing(2) + b"\n")
        process.stdin.flush()

        harbor.arrived(2)
        process.send_signal(number)
        try:
            _, said = process.communicate(timeout=DEADLINE_S)
        finally:
            process.kill()

    assert process.returncode == 1
    assert b"2 lines acknowledged" in said
    assert b"stopped early: interrupted. Resume with --from-line 3" in said
