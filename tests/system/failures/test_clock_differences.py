"""Clocks of hosts differ: what is counted goes by the broker's clock, and what is dark is greyed by nobody's word."""

from pathlib import Path

import pytest

from streams.edge.clock import wall_clock_ms
from tests.support.components import require_component
from tests.support.failures.fixtures import FailingChainFactory
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

_LIBRARY = "*/faketime/libfaketimeMT.so.1"


def faketime_environment(seconds: int) -> dict[str, str]:
    """Return what puts a process on a host whose wall clock is off by so much."""
    found = next(Path("/usr/lib").glob(_LIBRARY), None)
    if found is None:
        require_component("faketime", f"there is no /usr/lib/{_LIBRARY}")
    return {"LD_PRELOAD": str(found), "FAKETIME": f"{seconds:+d}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


@pytest.mark.parametrize("seconds", [60, -60])
def test_a_worker_whose_clock_is_wrong_counts_by_the_brokers(
    failing_chain: FailingChainFactory, apache_kafka: str, seconds: int
) -> None:
    chain = failing_chain(apache_kafka)
    # Heard every second: a minute of silence, by a wrong clock, would let every deadline of that minute be missed.
    chain.write_registry(chain.registry_file.read_text().replace('cadence = "5m"', 'cadence = "1s"', 1))

    chain.record_fault(f"a worker's clock is off by {seconds} s")
    with chain.trickle_events(seed=500 + seconds):
        worker = chain.start_worker(**faketime_environment(seconds))
        chain.wait_for_commits(worker)
        began = wall_clock_ms()
        wait_until(lambda: chain.checkpoints()[0].log_time > began + 20_000, "deadlines to pass", chain.logs)

    assert max(position.log_time for position in chain.checkpoints().values()) < wall_clock_ms()
    chain.assert_counts_once(worker)


def test_a_board_whose_clock_is_behind_greys_a_dead_worker_as_soon_as_any(
    failing_chain: FailingChainFactory, apache_kafka: str
) -> None:
    chain = failing_chain(apache_kafka)
    board = chain.start_board(None, **faketime_environment(-600))
    with chain.trickle_events(seed=521):
        worker = chain.start_worker()
        wait_until(lambda: board.get_page("/readyz") == "ok\n", "the board to be ready", chain.logs)

        chain.record_fault("a worker dies, and the board's clock is ten minutes behind")
        worker.kill()
        wait_until(lambda: "no status for more than 60 s" in board.get_page("/readyz"), "grey figures", chain.logs, 90)

    chain.assert_counts_once(chain.start_worker())
