"""Workers are killed, frozen, stopped, replaced: every event still counts once."""

import signal
from random import Random
from threading import Event

import pytest

from streams.runtime.failpoints import NAMES
from tests.support.failures.failing_chain import REBALANCES
from tests.support.failures.fixtures import Fail
from tests.support.failures.live_traffic import others
from tests.support.process.fast_worker import SESSION
from tests.support.waiting import until

pytestmark = pytest.mark.slow

KILLED = -signal.SIGKILL
FROZEN_SECONDS = 4.0
"""Twice the session timeout."""

PASSED = {"after_apply": 3, "sent_not_committed": 4, "committed_not_published": 3, "mid_restore": 2, "after_seek": 2}
"""A passage that a worker of two partitions comes to under any load; the fourth transaction holds events."""


def test_a_worker_that_is_killed_at_every_failpoint_under_a_trickle_loses_nothing(
    failing: Fail, apache_kafka: str
) -> None:
    chain = failing(apache_kafka)
    chain.tell(others())

    with chain.trickle(seed=1):
        for name in NAMES:
            chain.fault(f"SIGKILL at {name}")
            worker = chain.worker(SAFECLOCK_FAILPOINT=f"{name}:{PASSED[name]}", SAFECLOCK_COMMIT_INTERVAL_MS="20")
            assert chain.ended(worker, KILLED) is not None

    chain.hold(chain.worker())


@pytest.mark.parametrize("seed", [11, 12])
def test_a_worker_that_is_killed_at_random_moments_loses_nothing(failing: Fail, apache_kafka: str, seed: int) -> None:
    chain, random = failing(apache_kafka), Random(seed)
    chain.tell(others())

    with chain.trickle(seed):
        for _ in range(6):
            worker = chain.worker()
            if random.random() < 0.7:
                chain.ready(worker)
            Event().wait(random.uniform(0.0, 1.5))
            chain.fault("SIGKILL at a random moment")
            worker.kill()

    chain.hold(chain.worker())


def test_a_worker_that_was_frozen_in_a_transaction_is_fenced_writes_nothing_more_and_ends(
    failing: Fail, apache_kafka: str
) -> None:
    chain = failing(apache_kafka)
    with chain.trickle(seed=21):
        zombie = chain.worker(SAFECLOCK_FAILPOINT="sent_not_committed:20:stop")
        until(zombie.stands_still, "the worker to stand still", chain.logs)
        chain.fault("SIGSTOP beyond the session timeout, in a transaction")
        heir = chain.worker()
        chain.applied(heir)

        zombie.signal(signal.SIGCONT)
        said = chain.ended(zombie)

    assert "ProducerFenced" in said
    chain.hold(heir)


@pytest.mark.parametrize("seed", [22, 23])
def test_a_worker_that_was_frozen_at_any_moment_does_no_harm_when_it_wakes(
    failing: Fail, apache_kafka: str, seed: int
) -> None:
    chain, random = failing(apache_kafka), Random(seed)
    with chain.trickle(seed):
        zombie = chain.worker()
        chain.applied(zombie)
        Event().wait(random.uniform(0.0, 0.5))
        chain.fault("SIGSTOP beyond the session timeout")
        zombie.signal(signal.SIGSTOP)
        heir = chain.worker()
        before = chain.applied(heir)

        zombie.signal(signal.SIGCONT)
        chain.applied(heir, before + 50)

    # It was fenced and ends, or it sees that it has lost its partitions before it writes, and joins again.
    chain.caught_up()
    chain.hold(*chain.ended_or_ready(heir, zombie))


def test_a_worker_that_was_frozen_for_less_than_the_session_timeout_goes_on(failing: Fail, apache_kafka: str) -> None:
    chain = failing(apache_kafka)
    with chain.trickle(seed=24):
        worker = chain.worker(**{SESSION: "10"})
        chain.applied(worker)
        for _ in range(3):
            chain.fault("SIGSTOP within the session timeout")
            before = worker.total("safeclock_worker_records_applied_total")
            worker.signal(signal.SIGSTOP)
            Event().wait(1.5)
            worker.signal(signal.SIGCONT)
            chain.applied(worker, before)

    assert worker.total(REBALANCES) == 1
    chain.hold(worker)


def test_a_worker_that_is_asked_to_stop_again_and_again_ends_well_and_commits_what_it_applied(
    failing: Fail, apache_kafka: str
) -> None:
    chain, random = failing(apache_kafka), Random(31)
    chain.tell(others())

    with chain.trickle(seed=31):
        for _ in range(4):
            worker = chain.worker(SAFECLOCK_COMMIT_INTERVAL_MS="2000")
            chain.ready(worker)
            Event().wait(random.uniform(0.0, 1.0))
            chain.fault("SIGTERM")
            assert worker.terminate() == 0, chain.logs()

    chain.hold(chain.worker())
    assert chain.tally.redelivered == 0


def test_two_workers_that_trade_partitions_count_every_event_once(failing: Fail, apache_kafka: str) -> None:
    chain, random = failing(apache_kafka, partitions=4), Random(41)
    chain.tell(others())

    with chain.trickle(seed=41):
        stays = chain.worker()
        chain.applied(stays)
        for _ in range(3):
            comes = chain.worker()
            chain.ready(comes)
            chain.applied(comes)
            if random.random() < 0.5:
                chain.fault("a second worker leaves")
                assert comes.terminate() == 0, chain.logs()
            else:
                chain.fault("a second worker is killed")
                comes.kill()
        both = (stays, chain.worker())
        chain.ready(*both)

    assert stays.total(REBALANCES) >= 6
    chain.hold(*both)


def test_named_workers_that_are_restarted_one_after_the_other_keep_their_partitions(
    failing: Fail, apache_kafka: str
) -> None:
    chain = failing(apache_kafka, partitions=4)

    def named(name: str) -> dict[str, str]:
        return {"SAFECLOCK_INSTANCE": name, SESSION: "15"}

    with chain.trickle(seed=51):
        workers = {name: chain.worker(**named(name)) for name in ("a", "b")}
        for worker in workers.values():
            chain.applied(worker)
        settled = {name: worker.total(REBALANCES) for name, worker in workers.items()}
        for name, other in (("a", "b"), ("b", "a")):
            chain.fault(f"worker {name} is restarted under its name")
            assert workers[name].terminate() == 0, chain.logs()
            workers[name] = chain.worker(**named(name))
            chain.applied(workers[name])
            assert workers[other].total(REBALANCES) == (settled[other] if name == "a" else 1)

    chain.hold(*workers.values())


def test_of_two_workers_of_one_name_the_earlier_one_ends(failing: Fail, apache_kafka: str) -> None:
    chain = failing(apache_kafka)
    with chain.trickle(seed=52):
        earlier = chain.worker(SAFECLOCK_INSTANCE="a")
        chain.applied(earlier)

        chain.fault("a second worker takes the name of the first")
        later = chain.worker(SAFECLOCK_INSTANCE="a")
        chain.ended(earlier)
        chain.applied(later)

    chain.hold(later)
