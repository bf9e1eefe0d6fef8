"""Workers are killed, frozen, stopped, replaced: every event still counts once."""

import signal
from random import Random
from threading import Event

import pytest

from streams.runtime.failpoints import NAMES
from tests.support.failures.failing_chain import REBALANCES_METRIC
from tests.support.failures.fixtures import FailingChainFactory
from tests.support.failures.live_traffic import without_platform
from tests.support.process.chain import KILLED
from tests.support.process.fast_worker import SESSION_VARIABLE
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

FROZEN_SECONDS = 4.0
"""Twice the session timeout."""

HITS_BEFORE_KILL = {
    "after_apply": 3,
    "sent_not_committed": 4,
    "committed_not_published": 3,
    "mid_restore": 2,
    "after_seek": 2,
}
"""A passage that a worker of two partitions comes to under any load; the fourth transaction holds events."""


def test_a_worker_that_is_killed_at_every_failpoint_under_a_trickle_loses_nothing(
    failing_chain: FailingChainFactory, apache_kafka: str
) -> None:
    chain = failing_chain(apache_kafka)
    chain.publish_lines(without_platform())

    with chain.trickle_events(seed=1):
        for name in NAMES:
            chain.record_fault(f"SIGKILL at {name}")
            worker = chain.start_worker(
                SAFECLOCK_FAILPOINT=f"{name}:{HITS_BEFORE_KILL[name]}", SAFECLOCK_COMMIT_INTERVAL_MS="20"
            )
            assert chain.wait_until_ended(worker, KILLED) is not None

    chain.assert_counts_once(chain.start_worker())


@pytest.mark.parametrize("seed", [11, 12])
def test_a_worker_that_is_killed_at_random_moments_loses_nothing(
    failing_chain: FailingChainFactory, apache_kafka: str, seed: int
) -> None:
    chain, random = failing_chain(apache_kafka), Random(seed)
    chain.publish_lines(without_platform())

    with chain.trickle_events(seed):
        for _ in range(6):
            worker = chain.start_worker()
            if random.random() < 0.7:
                chain.wait_until_ready(worker)
            Event().wait(random.uniform(0.0, 1.5))
            chain.record_fault("SIGKILL at a random moment")
            worker.kill()

    chain.assert_counts_once(chain.start_worker())


def test_a_worker_that_was_frozen_in_a_transaction_is_fenced_writes_nothing_more_and_ends(
    failing_chain: FailingChainFactory, apache_kafka: str
) -> None:
    chain = failing_chain(apache_kafka)
    with chain.trickle_events(seed=21):
        zombie = chain.start_worker(SAFECLOCK_FAILPOINT="sent_not_committed:20:stop")
        wait_until(zombie.is_stopped, "the worker to stand still", chain.logs)
        chain.record_fault("SIGSTOP beyond the session timeout, in a transaction")
        heir = chain.start_worker()
        chain.wait_for_commits(heir)

        zombie.send_signal(signal.SIGCONT)
        said = chain.wait_until_ended(zombie)

    assert "ProducerFenced" in said
    chain.assert_counts_once(heir)


@pytest.mark.parametrize("seed", [22, 23])
def test_a_worker_that_was_frozen_at_any_moment_does_no_harm_when_it_wakes(
    failing_chain: FailingChainFactory, apache_kafka: str, seed: int
) -> None:
    chain, random = failing_chain(apache_kafka), Random(seed)
    with chain.trickle_events(seed):
        zombie = chain.start_worker()
        chain.wait_for_commits(zombie)
        Event().wait(random.uniform(0.0, 0.5))
        chain.record_fault("SIGSTOP beyond the session timeout")
        zombie.send_signal(signal.SIGSTOP)
        heir = chain.start_worker()
        before = chain.wait_for_commits(heir)

        zombie.send_signal(signal.SIGCONT)
        chain.wait_for_commits(heir, before + 50)

    # It was fenced and ends, or it sees that it has lost its partitions before it writes, and joins again.
    chain.wait_until_caught_up()
    chain.assert_counts_once(*chain.ended_or_ready(heir, zombie))


def test_a_worker_that_was_frozen_for_less_than_the_session_timeout_continues(
    failing_chain: FailingChainFactory, apache_kafka: str
) -> None:
    chain = failing_chain(apache_kafka)
    with chain.trickle_events(seed=24):
        worker = chain.start_worker(**{SESSION_VARIABLE: "10"})
        chain.wait_for_commits(worker)
        for _ in range(3):
            chain.record_fault("SIGSTOP within the session timeout")
            before = worker.counter_total("safeclock_worker_records_applied_total")
            worker.send_signal(signal.SIGSTOP)
            Event().wait(1.5)
            worker.send_signal(signal.SIGCONT)
            chain.wait_for_commits(worker, before)

    assert worker.counter_total(REBALANCES_METRIC) == 1
    chain.assert_counts_once(worker)


def test_a_worker_that_is_asked_to_stop_again_and_again_ends_well_and_commits_what_it_applied(
    failing_chain: FailingChainFactory, apache_kafka: str
) -> None:
    chain, random = failing_chain(apache_kafka), Random(31)
    chain.publish_lines(without_platform())

    with chain.trickle_events(seed=31):
        for _ in range(4):
            worker = chain.start_worker(SAFECLOCK_COMMIT_INTERVAL_MS="2000")
            chain.wait_until_ready(worker)
            Event().wait(random.uniform(0.0, 1.0))
            chain.record_fault("SIGTERM")
            assert worker.terminate() == 0, chain.logs()

    chain.assert_counts_once(chain.start_worker())
    assert chain.tally.redelivered == 0


def test_two_workers_that_exchange_partitions_count_every_event_once(
    failing_chain: FailingChainFactory, apache_kafka: str
) -> None:
    chain, random = failing_chain(apache_kafka, partitions=4), Random(41)
    chain.publish_lines(without_platform())

    with chain.trickle_events(seed=41):
        stays = chain.start_worker()
        chain.wait_for_commits(stays)
        for _ in range(3):
            comes = chain.start_worker()
            chain.wait_until_ready(comes)
            chain.wait_for_commits(comes)
            if random.random() < 0.5:
                chain.record_fault("a second worker leaves")
                assert comes.terminate() == 0, chain.logs()
            else:
                chain.record_fault("a second worker is killed")
                comes.kill()
        both = (stays, chain.start_worker())
        chain.wait_until_ready(*both)

    assert stays.counter_total(REBALANCES_METRIC) >= 6
    chain.assert_counts_once(*both)


def test_named_workers_that_are_restarted_one_after_the_other_keep_their_partitions(
    failing_chain: FailingChainFactory, apache_kafka: str
) -> None:
    chain = failing_chain(apache_kafka, partitions=4)

    def named(name: str) -> dict[str, str]:
        return {"SAFECLOCK_INSTANCE": name, SESSION_VARIABLE: "15"}

    with chain.trickle_events(seed=51):
        workers = {name: chain.start_worker(**named(name)) for name in ("a", "b")}
        for worker in workers.values():
            chain.wait_for_commits(worker)
        settled = {name: worker.counter_total(REBALANCES_METRIC) for name, worker in workers.items()}
        for name, other in (("a", "b"), ("b", "a")):
            chain.record_fault(f"worker {name} is restarted under its name")
            assert workers[name].terminate() == 0, chain.logs()
            workers[name] = chain.start_worker(**named(name))
            chain.wait_for_commits(workers[name])
            assert workers[other].counter_total(REBALANCES_METRIC) == (settled[other] if name == "a" else 1)

    chain.assert_counts_once(*workers.values())


def test_of_two_workers_of_one_name_the_earlier_one_ends(failing_chain: FailingChainFactory, apache_kafka: str) -> None:
    chain = failing_chain(apache_kafka)
    with chain.trickle_events(seed=52):
        earlier = chain.start_worker(SAFECLOCK_INSTANCE="a")
        chain.wait_for_commits(earlier)

        chain.record_fault("a second worker takes the name of the first")
        later = chain.start_worker(SAFECLOCK_INSTANCE="a")
        chain.wait_until_ended(earlier)
        chain.wait_for_commits(later)

    chain.assert_counts_once(later)
