"""Brokers go away, are cut off, fill up, hand over: workers wait or are started again, and every event counts once."""

import asyncio
from contextlib import suppress
from random import Random
from threading import Event

import pytest
from aiokafka.errors import KafkaError

from tests.support.broker.apache import ApacheKafka
from tests.support.broker.cluster import ApacheCluster
from tests.support.broker.faults.network_namespace import NetworkNamespace
from tests.support.broker.faults.small_disk import MEGABYTES, SmallDisk
from tests.support.failures.failing_chain import FailingChain, Supervisor
from tests.support.failures.fixtures import THREE_REPLICAS, FailingChainFactory
from tests.support.kafka.replicas import move_leader, read_replicas, wait_until_in_sync
from tests.support.kafka.replicated_records import create_topic, write
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.slow,
    # The Kafka clients leave the sockets of refused connections, and producers that gave up, to the collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

ALL_NODES = frozenset({1, 2, 3})
TRANSACTION_STATE_TOPIC = "__transaction_state"
LARGE = b"x" * 900_000
PAUSE_SECONDS = 10.0
"""Longer than the cluster waits for a node."""


def counts_during_failure(chain: FailingChain, supervised: Supervisor) -> None:
    """Return when the workers count what is told now."""
    before: dict[int, int] = {}

    def goes_on() -> bool:
        with suppress(KafkaError):  # the node that is asked may be the one that is gone
            now = {number: position.log_time for number, position in chain.checkpoints().items()}
            if not before:
                before.update(now)
            return all(now[number] > before[number] for number in before)
        return False

    wait_until(goes_on, "the chain to go on", chain.logs, seconds=150)
    supervised.ready()


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_a_broker_that_is_stopped_or_killed_and_started_again_loses_nothing(
    failing_chain: FailingChainFactory, stoppable_apache_kafka: ApacheKafka, how: str
) -> None:
    chain = failing_chain(stoppable_apache_kafka.bootstrap)
    with chain.trickle_events(seed=201), Supervisor(chain, workers=1) as supervised:
        chain.wait_for_commits(supervised.workers[0])
        for _ in range(2):
            chain.record_fault(f"the broker is {how}")
            stoppable_apache_kafka.stop() if how == "stopped" else stoppable_apache_kafka.kill()
            Event().wait(4.0)
            stoppable_apache_kafka.start()
            counts_during_failure(chain, supervised)

    chain.assert_counts_once(*supervised.workers)


@pytest.mark.parametrize("how", ["killed", "paused"])
def test_one_of_three_brokers_may_go_and_come_back(
    failing_chain: FailingChainFactory, three_brokers: ApacheCluster, how: str
) -> None:
    chain = failing_chain(three_brokers.bootstrap, copies=THREE_REPLICAS)
    with chain.trickle_events(seed=211), Supervisor(chain, workers=2) as supervised:
        chain.wait_for_commits(supervised.workers[0])
        for topic in (chain.names.changelog, TRANSACTION_STATE_TOPIC):
            leader = read_replicas(chain.bootstrap, topic).leader
            chain.record_fault(f"the leader of {topic.removeprefix(chain.application)} is {how}")
            node = three_brokers.nodes[leader]
            if how == "killed":
                node.kill()
                counts_during_failure(chain, supervised)
            else:
                node.pause()
                Event().wait(PAUSE_SECONDS)
            three_brokers.start()
            wait_until_in_sync(chain.bootstrap, topic, ALL_NODES)
        counts_during_failure(chain, supervised)

    chain.assert_counts_once(*supervised.workers)


def test_leaders_may_move_in_the_middle_of_transactions(
    failing_chain: FailingChainFactory, three_brokers: ApacheCluster
) -> None:
    chain, random = failing_chain(three_brokers.bootstrap, copies=THREE_REPLICAS), Random(221)
    with chain.trickle_events(seed=221), Supervisor(chain, workers=2, SAFECLOCK_COMMIT_INTERVAL_MS="10") as supervised:
        chain.wait_for_commits(supervised.workers[0])
        for topic in (
            chain.names.changelog,
            TRANSACTION_STATE_TOPIC,
            chain.names.measures,
            *chain.sources,
            TRANSACTION_STATE_TOPIC,
        ):
            leader = wait_until_in_sync(chain.bootstrap, topic, ALL_NODES).leader
            chain.record_fault(f"the leader of {topic.removeprefix(chain.application)} moves")
            move_leader(chain.bootstrap, topic, random.choice(sorted(ALL_NODES - {leader})))
            counts_during_failure(chain, supervised)

    chain.assert_counts_once(*supervised.workers)


@pytest.mark.parametrize("seconds", [1.0, 12.0])
def test_a_cut_network_loses_nothing_whether_or_not_the_session_outlives_it(
    failing_chain: FailingChainFactory,
    broker_behind_link: ApacheKafka,
    network_namespace: NetworkNamespace,
    seconds: float,
) -> None:
    chain = failing_chain(broker_behind_link.bootstrap)
    with chain.trickle_events(seed=231), Supervisor(chain, workers=1) as supervised:
        chain.wait_for_commits(supervised.workers[0])
        for _ in range(2):
            chain.record_fault(f"the network is cut for {seconds:.0f} s")
            network_namespace.cut()
            Event().wait(seconds)
            network_namespace.restore()
            counts_during_failure(chain, supervised)

    chain.assert_counts_once(*supervised.workers)


def test_a_full_disk_stops_everything_and_loses_nothing_when_there_is_room_again(
    failing_chain: FailingChainFactory, broker_on_small_disk: ApacheKafka, small_disk: SmallDisk
) -> None:
    chain = failing_chain(broker_on_small_disk.bootstrap)
    ballast = create_topic(broker_on_small_disk.bootstrap)
    with chain.trickle_events(seed=241), Supervisor(chain, workers=1) as supervised:
        chain.wait_for_commits(supervised.workers[0])

        chain.record_fault("the disk of the broker's log is full")
        with suppress(KafkaError):
            for _ in range(2 * MEGABYTES):
                asyncio.run(write(broker_on_small_disk.bootstrap, ballast, [LARGE], patience_ms=3_000))
        wait_until(lambda: not broker_on_small_disk.running, "the broker to stop", broker_on_small_disk.output)
        small_disk.resize(4 * MEGABYTES)
        broker_on_small_disk.start()
        counts_during_failure(chain, supervised)

    chain.assert_counts_once(*supervised.workers)
