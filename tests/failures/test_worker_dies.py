"""Workers are killed, frozen, stopped, replaced: every event still counts once."""

import signal

import pytest

from streams.runtime.failpoints import NAMES
from tests.chain.waiting import until
from tests.failures.conftest import Fail
from tests.failures.live import others

pytestmark = [pytest.mark.integration, pytest.mark.slow]

KILLED = -signal.SIGKILL


def test_a_worker_that_is_killed_everywhere_is_a_worker_that_never_was(failing: Fail, apache_kafka: str) -> None:
    chain = failing(apache_kafka)
    chain.tell(others())

    with chain.trickle(seed=1):
        for name in NAMES:
            chain.fault(f"SIGKILL at {name}")
            worker = chain.worker(SAFECLOCK_FAILPOINT=f"{name}:2", SAFECLOCK_COMMIT_INTERVAL_MS="20")
            until(lambda: worker.code is not None, f"{name} to be passed", chain.logs)
            assert worker.code == KILLED, chain.logs()

    chain.hold(chain.worker())
