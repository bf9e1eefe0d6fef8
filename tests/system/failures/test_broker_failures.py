"""Brokers go away, are cut off, fill up, hand over: workers wait or are started again, and every event counts once."""

import asyncio
from contextlib import suppress
from random import Random
from threading import Event

import pytest
from aiokafka.errors import KafkaError

from tests.support.broker.apache import ApacheKafka
from tests.support.broker.cluster import ApacheCluster
from tests.support.broker.faults.network_namespace import Namespace
from tests.support.broker.faults.small_disk import MEGABYTES, SmallDisk
from tests.support.failures.failing_chain import FailingChain, Supervisor
from tests.support.failures.fixtures import THREE, Fail
from tests.support.kafka.replicas import in_sync, move_leader, replicas
from tests.support.kafka.replicated_records import make_topic, write
from tests.support.waiting import until

pytestmark = [
    pytest.mark.slow,
    # The Kafka clients leave the sockets of refused connections, and producers that gave up, to the collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

ALL = frozenset({1, 2, 3})
COORDINATORS = "__transaction_state"
LARGE = b"x" * 900_000
HANGS_SECONDS = 10.0
"""Longer than the cluster waits for a node."""


def counting(chain: FailingChain, supervised: Supervisor) -> None:
    """Return when the workers count what is told now."""
    before: dict[int, int] = {}

    def goes_on() -> bool:
        with suppress(KafkaError):  # the node that is asked may be the one that is gone
            now = {number: position.log_time for number, position in chain.positions().items()}
            if not before:
                before.update(now)
            return all(now[number] > before[number] for number in before)
        return False

    until(goes_on, "the chain to go on", chain.logs, seconds=150)
    supervised.ready()


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_a_broker_that_is_stopped_or_killed_and_started_again_loses_nothing(
    failing: Fail, apache_kafka_server: ApacheKafka, how: str
) -> None:
    chain = failing(apache_kafka_server.bootstrap)
    with chain.trickle(seed=201), Supervisor(chain, workers=1) as supervised:
        chain.applied(supervised.workers[0])
        for _ in range(2):
            chain.fault(f"the broker is {how}")
            apache_kafka_server.stop() if how == "stopped" else apache_kafka_server.kill()
            Event().wait(4.0)
            apache_kafka_server.start()
            counting(chain, supervised)

    chain.hold(*supervised.workers)


@pytest.mark.parametrize("how", ["killed", "paused"])
def test_one_of_three_brokers_may_go_and_come_back(failing: Fail, three_brokers: ApacheCluster, how: str) -> None:
    chain = failing(three_brokers.bootstrap, copies=THREE)
    with chain.trickle(seed=211), Supervisor(chain, workers=2) as supervised:
        chain.applied(supervised.workers[0])
        for topic in (chain.names.changelog, COORDINATORS):
            leader = replicas(chain.bootstrap, topic).leader
            chain.fault(f"the leader of {topic.removeprefix(chain.application)} is {how}")
            node = three_brokers.nodes[leader]
            if how == "killed":
                node.kill()
                counting(chain, supervised)
            else:
                node.pause()
                Event().wait(HANGS_SECONDS)
            three_brokers.start()
            in_sync(chain.bootstrap, topic, ALL)
        counting(chain, supervised)

    chain.hold(*supervised.workers)


def test_leaders_may_move_in_the_middle_of_transactions(failing: Fail, three_brokers: ApacheCluster) -> None:
    chain, random = failing(three_brokers.bootstrap, copies=THREE), Random(221)
    with chain.trickle(seed=221), Supervisor(chain, workers=2, SAFECLOCK_COMMIT_INTERVAL_MS="10") as supervised:
        chain.applied(supervised.workers[0])
        for topic in (chain.names.changelog, COORDINATORS, chain.names.measures, *chain.sources, COORDINATORS):
            leader = in_sync(chain.bootstrap, topic, ALL).leader
            chain.fault(f"the leader of {topic.removeprefix(chain.application)} moves")
            move_leader(chain.bootstrap, topic, random.choice(sorted(ALL - {leader})))
            counting(chain, supervised)

    chain.hold(*supervised.workers)


@pytest.mark.parametrize("seconds", [1.0, 12.0])
def test_a_cut_network_loses_nothing_whether_or_not_the_session_outlives_it(
    failing: Fail, far: ApacheKafka, link: Namespace, seconds: float
) -> None:
    chain = failing(far.bootstrap)
    with chain.trickle(seed=231), Supervisor(chain, workers=1) as supervised:
        chain.applied(supervised.workers[0])
        for _ in range(2):
            chain.fault(f"the network is cut for {seconds:.0f} s")
            link.cut()
            Event().wait(seconds)
            link.mend()
            counting(chain, supervised)

    chain.hold(*supervised.workers)


def test_a_full_disk_stops_everything_and_loses_nothing_when_there_is_room_again(
    failing: Fail, tight: ApacheKafka, disk: SmallDisk
) -> None:
    chain = failing(tight.bootstrap)
    ballast = make_topic(tight.bootstrap)
    with chain.trickle(seed=241), Supervisor(chain, workers=1) as supervised:
        chain.applied(supervised.workers[0])

        chain.fault("the disk of the broker's log is full")
        with suppress(KafkaError):
            for _ in range(2 * MEGABYTES):
                asyncio.run(write(tight.bootstrap, ballast, [LARGE], patience_ms=3_000))
        until(lambda: not tight.running, "the broker to stop", tight.said)
        disk.resize(4 * MEGABYTES)
        tight.start()
        counting(chain, supervised)

    chain.hold(*supervised.workers)
