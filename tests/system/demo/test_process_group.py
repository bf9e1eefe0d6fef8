import asyncio
import os
import sys
from pathlib import Path

import pytest

from dashboards.demo.supervisor import ProcessFailedError, ProcessSpec, Supervisor

WAITING_PROGRAM = "import time; time.sleep(600)"
SIGTERM_IGNORING_PROGRAM = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
)
PARENT_PROGRAM = (
    "import subprocess, sys, time; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); "
    "print(child.pid, flush=True); time.sleep(600)"
)


def python(name: str, program: str, *, lasting: bool = True, stdout: int = asyncio.subprocess.DEVNULL) -> ProcessSpec:
    """Return a part that runs a small program."""
    return ProcessSpec(name=name, command=(sys.executable, "-c", program), is_service=lasting, stdout=stdout)


def is_running(pid: int) -> bool:
    """Return whether a process is there and has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # the latter when it ends between opening and reading
        return False


async def first_line(reading: int) -> str:
    """Return the first line that comes out of a pipe."""
    with os.fdopen(reading) as pipe:
        return await asyncio.to_thread(pipe.readline)


async def test_a_lasting_part_that_ends_is_a_failure_reported_with_its_last_words(tmp_path: Path) -> None:
    parts = Supervisor(tmp_path, os.environ)
    await parts.start(python("worker", "import sys; sys.exit('no such topic')"))

    with pytest.raises(ProcessFailedError, match="worker exited with status 1\nno such topic"):
        await asyncio.wait_for(parts.wait_for_failure(), 20)

    await parts.stop()


async def test_a_part_that_may_end_may_not_end_badly(tmp_path: Path) -> None:
    parts = Supervisor(tmp_path, os.environ)
    good = await parts.start(python("good", "pass", lasting=False))
    assert await good.wait() == 0

    await parts.start(python("bad", "import sys; sys.exit(3)", lasting=False))

    with pytest.raises(ProcessFailedError, match="bad exited with status 3"):
        await asyncio.wait_for(parts.wait_for_failure(), 20)
    await parts.stop()


async def test_nothing_that_a_part_started_outlives_it(tmp_path: Path) -> None:
    parts = Supervisor(tmp_path, os.environ)
    reading, writing = os.pipe()
    broker = await parts.start(python("broker", PARENT_PROGRAM, stdout=writing))
    child = int(await first_line(reading))
    assert is_running(broker.pid)
    assert is_running(child)

    await parts.stop()

    assert not is_running(broker.pid)
    assert not await _is_process_running(child)


async def test_a_part_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    parts = Supervisor(tmp_path, os.environ, grace_seconds=0.2)
    reading, writing = os.pipe()
    deaf = await parts.start(python("deaf", SIGTERM_IGNORING_PROGRAM, stdout=writing))
    assert await first_line(reading) == "deaf\n"

    await parts.stop()

    assert deaf.returncode == -9


async def test_stopping_is_no_failure(tmp_path: Path) -> None:
    parts = Supervisor(tmp_path, os.environ)
    await parts.start(python("worker", WAITING_PROGRAM))
    failure = asyncio.create_task(parts.wait_for_failure())

    await parts.stop()

    await asyncio.wait([failure], timeout=0.2)
    assert not failure.done()
    failure.cancel()


async def _is_process_running(pid: int) -> bool:
    """Return whether a process that was just killed is still there after a while: orphans are reaped by others."""
    deadline = asyncio.get_running_loop().time() + 10
    while is_running(pid) and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110 - a process tells nobody
        await asyncio.sleep(0.02)
    return is_running(pid)
