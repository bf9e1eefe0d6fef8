"""Workers with the real ledger are killed where it hurts, or come and go; every event still counts once."""

import signal
from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest

from streams.domain.duration_bins import DAY
from streams.runtime.failpoints import NAMES
from tests.support.process.chain import Chain, Make, Part
from tests.support.process.reference_comparison import agree
from tests.support.simulation.recent_history import lines_of, plan_of
from tests.support.waiting import until

PLAN = plan_of(reports=600, weeks=1)
DUE = PLAN.end_ms + 4 * DAY
KILLED = -signal.SIGKILL
SMALL = 25
APPLIED = "safeclock_worker_records_applied_total"

PASSED = {"after_apply": 3, "sent_not_committed": 3, "committed_not_published": 3, "mid_restore": 2, "after_seek": 2}
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


def parts(lines: Sequence[bytes], count: int) -> Iterator[Sequence[bytes]]:
    """Yield consecutive parts of about the same size."""
    edges = [len(lines) * place // count for place in range(count + 1)]
    return (lines[begin:end] for begin, end in pairwise(edges))


def trickle(chain: Chain, lines: Sequence[bytes], worker: Part) -> None:
    """Publish a few lines at a time while the worker lives, and the rest at once."""
    for begin in range(0, len(lines), SMALL):
        if worker.code is not None:
            chain.publish(lines[begin:])
            return
        chain.publish(lines[begin : begin + SMALL])


def kill(chain: Chain, failpoint: str, load: str, lines: Sequence[bytes]) -> None:
    """Start a worker that is killed at a failpoint while `lines` are published, or after they were."""
    if load == "flood":
        chain.publish(lines)
    worker = chain.worker(SAFECLOCK_FAILPOINT=failpoint, SAFECLOCK_COMMIT_INTERVAL_MS="20")
    if load == "trickle":
        trickle(chain, lines, worker)
    until(lambda: worker.code is not None, f"the failpoint {failpoint} to be passed", chain.logs)
    assert worker.code == KILLED, chain.logs()


def finish(chain: Chain) -> int:
    """Let a last worker count what is left, and return to which instant."""
    worker = chain.worker()
    now = chain.settled(DUE)
    assert worker.terminate() == 0, chain.logs()
    return now


@pytest.mark.parametrize(("broker", "load", "failpoints"), CASES)
def test_whatever_kills_workers_every_event_counts_once(
    apart: Make, broker: str, load: str, failpoints: Sequence[str]
) -> None:
    chain = apart(broker)
    *pieces, rest = parts(lines_of(PLAN), len(failpoints) + 1)

    for name, piece in zip(failpoints, pieces, strict=True):
        kill(chain, f"{name}:{PASSED[name]}", load, piece)
    chain.publish(rest)
    now = finish(chain)

    agree(chain, lines_of(PLAN), now)


@pytest.mark.slow
@pytest.mark.parametrize("passage", [1, 3])
@pytest.mark.parametrize("failpoint", NAMES)
@pytest.mark.parametrize("load", ["trickle", "flood"])
@pytest.mark.parametrize("broker", ["apache_kafka", "embedded_broker"])
def test_a_worker_may_be_killed_at_one_place_again_and_again(
    apart: Make, broker: str, load: str, failpoint: str, passage: int
) -> None:
    chain = apart(broker)
    *pieces, rest = parts(lines_of(PLAN), 4)

    for piece in pieces:
        kill(chain, f"{failpoint}:{min(passage, PASSED[failpoint])}", load, piece)
    chain.publish(rest)
    now = finish(chain)

    agree(chain, lines_of(PLAN), now)


@pytest.mark.slow
def test_a_second_worker_that_joins_and_leaves_changes_nothing(apart: Make) -> None:
    chain = apart("apache_kafka", partitions=4)
    before, during, after = parts(lines_of(PLAN), 3)
    chain.publish(before)
    first = chain.worker()
    until(lambda: first.total(APPLIED) > 0, "the first worker to count", chain.logs)

    second = chain.worker()
    until(lambda: second.page("/readyz") == "ok\n", "the second worker to be ready", chain.logs)
    trickle(chain, during, second)
    until(lambda: second.total(APPLIED) > 0, "the second worker to count", chain.logs)
    assert second.terminate() == 0, chain.logs()
    chain.publish(after)
    now = chain.settled(DUE)

    assert first.terminate() == 0, chain.logs()
    agree(chain, lines_of(PLAN), now)
