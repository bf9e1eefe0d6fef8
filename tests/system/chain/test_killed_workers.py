"""Workers with the real ledger are killed where it hurts, or come and go; every event still counts once."""

import signal
from collections.abc import Sequence

import pytest

from streams.domain.duration_bins import DAY
from streams.runtime.failpoints import NAMES
from tests.support.process.chain import Chain, ChainFactory
from tests.support.process.reference_comparison import assert_equals_reference
from tests.support.process.running_process import SafeclockProcess
from tests.support.simulation.recent_history import event_lines, recent_plan, split_lines
from tests.support.waiting import wait_until

PLAN = recent_plan(reports=600, weeks=1)
DUE = PLAN.end_ms + 4 * DAY
KILLED = -signal.SIGKILL
LINES_PER_COMMIT = 25
APPLIED = "safeclock_worker_records_applied_total"

HITS_BEFORE_KILL = {
    "after_apply": 3,
    "sent_not_committed": 3,
    "committed_not_published": 3,
    "mid_restore": 2,
    "after_seek": 2,
}
"""How often a worker of two partitions passes a failpoint at least; where claims are transactions, the third one that
is sent is the first with events."""

CASES = [
    pytest.param("apache_kafka", "trickle", ("sent_not_committed", "mid_restore"), id="apache-kafka-trickle"),
    pytest.param(
        "embedded_broker",
        "flood",
        ("committed_not_published", "after_seek"),
        id="embedded-broker-flood",
        marks=pytest.mark.slow,
    ),
    *(
        pytest.param(broker, load, NAMES, id=f"{broker}-{load}-everywhere", marks=pytest.mark.slow)
        for broker in ("apache_kafka", "embedded_broker")
        for load in ("trickle", "flood")
    ),
]


def publish_slowly(chain: Chain, lines: Sequence[bytes], worker: SafeclockProcess) -> None:
    """Publish a few lines at a time while the worker lives, and the rest at once."""
    for begin in range(0, len(lines), LINES_PER_COMMIT):
        if worker.exit_code is not None:
            chain.publish(lines[begin:])
            return
        chain.publish(lines[begin : begin + LINES_PER_COMMIT])


def run_until_killed(chain: Chain, failpoint: str, load: str, lines: Sequence[bytes]) -> None:
    """Start a worker that is killed at a failpoint while `lines` are published, or after they were."""
    if load == "flood":
        chain.publish(lines)
    worker = chain.start_worker(SAFECLOCK_FAILPOINT=failpoint, SAFECLOCK_COMMIT_INTERVAL_MS="20")
    if load == "trickle":
        publish_slowly(chain, lines, worker)
    wait_until(lambda: worker.exit_code is not None, f"the failpoint {failpoint} to be passed", chain.logs)
    assert worker.exit_code == KILLED, chain.logs()


def run_to_end(chain: Chain) -> int:
    """Let a last worker count what is left, and return to which instant."""
    worker = chain.start_worker()
    now = chain.wait_until_applied(DUE)
    assert worker.terminate() == 0, chain.logs()
    return now


@pytest.mark.parametrize(("broker", "load", "failpoints"), CASES)
def test_whatever_kills_workers_every_event_counts_once(
    own_topics_chain: ChainFactory, broker: str, load: str, failpoints: Sequence[str]
) -> None:
    chain = own_topics_chain(broker)
    *pieces, rest = split_lines(event_lines(PLAN), len(failpoints) + 1)

    for name, piece in zip(failpoints, pieces, strict=True):
        run_until_killed(chain, f"{name}:{HITS_BEFORE_KILL[name]}", load, piece)
    chain.publish(rest)
    now = run_to_end(chain)

    assert_equals_reference(chain, event_lines(PLAN), now)


@pytest.mark.slow
@pytest.mark.parametrize("passage", [1, 3])
@pytest.mark.parametrize("failpoint", NAMES)
@pytest.mark.parametrize("load", ["trickle", "flood"])
@pytest.mark.parametrize("broker", ["apache_kafka", "embedded_broker"])
def test_a_worker_may_be_killed_at_one_place_again_and_again(
    own_topics_chain: ChainFactory, broker: str, load: str, failpoint: str, passage: int
) -> None:
    chain = own_topics_chain(broker)
    *pieces, rest = split_lines(event_lines(PLAN), 4)

    for piece in pieces:
        run_until_killed(chain, f"{failpoint}:{min(passage, HITS_BEFORE_KILL[failpoint])}", load, piece)
    chain.publish(rest)
    now = run_to_end(chain)

    assert_equals_reference(chain, event_lines(PLAN), now)


@pytest.mark.slow
def test_a_second_worker_that_joins_and_leaves_changes_nothing(own_topics_chain: ChainFactory) -> None:
    chain = own_topics_chain("apache_kafka", partitions=4)
    before, during, after = split_lines(event_lines(PLAN), 3)
    chain.publish(before)
    first = chain.start_worker()
    wait_until(lambda: first.counter_total(APPLIED) > 0, "the first worker to count", chain.logs)

    second = chain.start_worker()
    wait_until(lambda: second.get_page("/readyz") == "ok\n", "the second worker to be ready", chain.logs)
    publish_slowly(chain, during, second)
    wait_until(lambda: second.counter_total(APPLIED) > 0, "the second worker to count", chain.logs)
    assert second.terminate() == 0, chain.logs()
    chain.publish(after)
    now = chain.wait_until_applied(DUE)

    assert first.terminate() == 0, chain.logs()
    assert_equals_reference(chain, event_lines(PLAN), now)
