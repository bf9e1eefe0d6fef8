"""A process that is asked to stop ends within its time, also when its event loop is busy, and says how it ended."""

import signal
import subprocess
import sys
from typing import Final

import pytest

PROGRAM: Final = """
import asyncio, logging, signal, sys
from streams.edge.shutdown import ProcessExit, StopSignals, exit_with_log, exits_on_stop_signal
logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)

def ready(): print("ready", flush=True)

async def in_order():
    stopping = StopSignals(lambda: ProcessExit(1, "overdue"), 60)
    ready()
    await stopping.requested.wait()
    exit_with_log(ProcessExit(0, "all is done"))

async def never():
    StopSignals(lambda: ProcessExit(1, "3 records are left"), 0.2)
    ready()
    await asyncio.Event().wait()

async def busy():
    StopSignals(lambda: ProcessExit(1, "3 records are left"), 0.2)
    ready()
    while True: pass

def starting():
    with exits_on_stop_signal():
        ready()
        signal.pause()

def begun():
    with exits_on_stop_signal(): pass
    ready()
    signal.pause()
"""


def ended(run: str, number: signal.Signals) -> tuple[int, list[str]]:
    """Return the exit code and the log of a program that gets a signal when it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"{PROGRAM}\n{run}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        _, log = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    return process.returncode, log.splitlines()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_orderly_end_is_reported_in_the_last_line(number: signal.Signals) -> None:
    assert ended("asyncio.run(in_order())", number) == (0, ["INFO all is done"])


@pytest.mark.parametrize("program", ["never", "busy"])
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_process_that_does_not_come_to_an_end_is_ended(program: str, loop: str) -> None:
    run = f"import uvloop\nuvloop.run({program}())" if loop == "uvloop" else f"asyncio.run({program}())"

    assert ended(run, signal.SIGTERM) == (1, ["WARNING 3 records are left"])


def test_a_process_that_has_begun_nothing_ends_at_once() -> None:
    assert ended("starting()", signal.SIGTERM) == (
        0,
        ["INFO the process was stopped while it was starting, before it had done anything"],
    )


def test_the_former_handlers_come_back() -> None:
    code, log = ended("begun()", signal.SIGTERM)

    assert (code, log) == (-signal.SIGTERM, [])
