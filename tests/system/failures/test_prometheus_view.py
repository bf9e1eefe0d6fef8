"""While things fail, Prometheus sees no counter fall, figures that stand still and say so, and alerts that come and go.

In the end every counter of the product has grown by exactly what the source topics hold.
"""

import json
import signal
from dataclasses import replace
from random import Random

import pytest
from aiokafka import TopicPartition

from streams.edge.clock import wall_clock_ms
from tests.support.broker.apache import ApacheKafka
from tests.support.failures import topic_changes
from tests.support.failures.failing_chain import REBALANCES, Supervisor
from tests.support.failures.fixtures import Fail
from tests.support.failures.live_traffic import Live, others
from tests.support.failures.prometheus_watch import watched
from tests.support.failures.source_truth import told
from tests.support.process.fast_worker import FAULT
from tests.support.waiting import until
from tests.system.failures.test_topic_changes import beats, places
from tests.system.failures.test_worker_failures import KILLED

pytestmark = [
    pytest.mark.slow,
    # The Kafka clients leave the sockets of refused connections, and producers that gave up, to the collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

STALE = "SafeclockFiguresStale"
NOBODY = "SafeclockJobDown"
"""Fires until the first worker answers, and for a while after it."""
GAP = "SafeclockRecordsLost"
INTERNAL = "SafeclockInternalRefusal"


def test_a_killed_worker_leaves_the_last_figures_standing_until_another_one_takes_over(
    failing: Fail, apache_kafka: str
) -> None:
    chain = failing(apache_kafka)
    with watched(chain) as watch:
        chain.tell(others())
        with chain.trickle(seed=401):
            worker = chain.worker()
            chain.applied(worker)
            watch.goes_on()
            watch.resolves(STALE)

            chain.fault("SIGKILL, and nobody takes over")
            worker.kill()
            watch.stands_still()
            watch.fires(STALE)
            heir = chain.worker()
            watch.goes_on()
            watch.resolves(STALE)

        chain.hold(heir)
        watch.agrees()


def test_a_frozen_worker_greys_its_partitions_after_a_minute_and_does_no_harm_when_it_wakes(
    failing: Fail, apache_kafka: str
) -> None:
    chain = failing(apache_kafka)
    with watched(chain) as watch:
        with chain.trickle(seed=411):
            zombie = chain.worker()
            chain.applied(zombie)
            watch.goes_on()
            watch.resolves(STALE)

            chain.fault("SIGSTOP beyond the session timeout, and nobody takes over")
            zombie.signal(signal.SIGSTOP)
            watch.stands_still()
            watch.fires(STALE)
            until(lambda: watch.ready() == {"0": 0, "1": 0}, "partitions not to be ready", chain.logs)
            assert "partitions 0, 1: no status for more than 60 s" in watch.boards[0].page("/readyz")
            watch.stands_still()

            heir = chain.worker()
            watch.goes_on()
            watch.resolves(STALE)
            assert watch.ready() == {"0": 1, "1": 1}
            zombie.signal(signal.SIGCONT)
            chain.applied(heir, chain.applied(heir) + 50)

        alive = [worker for worker in (heir, zombie) if worker.code is None]
        chain.hold(*alive)
        watch.agrees()


def test_two_workers_that_trade_partitions_never_shake_a_figure(failing: Fail, apache_kafka: str) -> None:
    chain, random = failing(apache_kafka, partitions=4), Random(421)
    with watched(chain) as watch:
        chain.tell(others())
        with chain.trickle(seed=421):
            stays = chain.worker()
            chain.applied(stays)
            watch.resolves(STALE)
            for _ in range(4):
                comes = chain.worker()
                chain.ready(comes)
                chain.applied(comes)
                watch.goes_on()
                if random.random() < 0.5:
                    chain.fault("a second worker leaves")
                    assert comes.terminate() == 0, chain.logs()
                else:
                    chain.fault("a second worker is killed")
                    comes.kill()
                watch.goes_on()

        assert stays.total(REBALANCES) >= 8
        chain.hold(stays)
        watch.agrees()


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_a_broker_that_is_away_makes_figures_old_and_takes_none_of_them_back(
    failing: Fail, apache_kafka_server: ApacheKafka, how: str
) -> None:
    chain = failing(apache_kafka_server.bootstrap)
    with watched(chain) as watch:
        with chain.trickle(seed=431), Supervisor(chain, workers=1) as supervised:
            chain.applied(supervised.workers[0])
            watch.goes_on()
            watch.resolves(STALE)

            chain.fault(f"the broker is {how}")
            apache_kafka_server.stop() if how == "stopped" else apache_kafka_server.kill()
            watch.stands_still()
            watch.fires(STALE)
            watch.reads_nothing()
            apache_kafka_server.start()
            watch.goes_on()
            watch.resolves(STALE)

        assert watch.boards[0].code is None, chain.logs()
        chain.hold(*supervised.workers)
        watch.agrees()


@pytest.mark.parametrize("then", ["lives on", "is killed at once"])
def test_records_that_were_deleted_before_they_were_read_page_and_are_missing_and_nothing_else_is(
    failing: Fail, apache_kafka: str, then: str
) -> None:
    chain, live = failing(apache_kafka), Live(seed=441)
    with watched(chain) as watch:
        beats(chain, live)
        worker = chain.worker()
        chain.ready(worker)
        chain.caught_up()
        assert worker.terminate() == 0, chain.logs()
        at = places(chain)
        beats(chain, live)
        whole = told(chain)
        assert GAP not in watch.firing()

        chain.fault(f"records are deleted before they were read, and the worker that passes the gap {then}")
        topic_changes.truncate(chain, {topic_partition: offset + 5 for topic_partition, offset in at.items()})
        if then == "is killed at once":
            # Both partitions have committed that they passed their gaps, and nobody has looked at this worker's page.
            chain.ended(chain.worker(SAFECLOCK_FAILPOINT="committed_not_published:3"), KILLED)
        worker = chain.worker()
        watch.fires(GAP)
        watch.resolves(GAP)

        kept = [one for one in whole.records if not 0 <= one.offset - at[TopicPartition(one.topic, one.partition)] < 5]
        known = replace(whole, records=kept)
        chain.hold(worker, source=known)
        watch.agrees(known)


def test_a_fault_of_ours_pages_and_is_over_once_it_is_mended_and_its_events_are_told_again(
    failing: Fail, apache_kafka: str
) -> None:
    chain, live = failing(apache_kafka), Live(seed=451)
    lines = live.beat(wall_clock_ms())
    token = json.loads(lines[0])["subject"]
    with watched(chain) as watch:
        chain.fault("the ledger fails at every event of one report")
        worker = chain.worker(**{FAULT: token})
        chain.ready(worker)
        watch.goes_on()
        assert INTERNAL not in watch.firing()
        chain.tell(lines)
        watch.fires(INTERNAL)
        assert worker.terminate() == 0, chain.logs()
        failed = [(one.topic, one.partition, one.offset) for one in told(chain).records if token.encode() in one.key]

        worker = chain.worker()
        chain.tell([line for line in lines if token.encode() in line])
        watch.resolves(INTERNAL)

        assert failed
        known = replace(told(chain), failed=frozenset(failed))
        chain.hold(worker, source=known)
        watch.agrees(known)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_board_that_is_restarted_shows_no_less_than_before(
    failing: Fail, apache_kafka: str, how: signal.Signals
) -> None:
    chain = failing(apache_kafka)
    with watched(chain) as watch:
        chain.tell(others())
        with chain.trickle(seed=461):
            worker = chain.worker()
            chain.applied(worker)
            for _ in range(2):
                watch.goes_on()
                watch.resolves(STALE)
                chain.fault(f"{how.name} for the board")
                watch.boards[0].signal(how)
                watch.fires(STALE)
                watch.restart()
            watch.goes_on()
            watch.resolves(STALE)

        chain.hold(worker)
        watch.agrees()


def test_of_two_boards_either_may_go_and_nobody_sees_it(failing: Fail, apache_kafka: str) -> None:
    chain = failing(apache_kafka)
    with watched(chain, boards=2) as watch:
        chain.tell(others())
        with chain.trickle(seed=471):
            worker = chain.worker()
            chain.applied(worker)
            watch.goes_on()
            watch.resolves(STALE)
            watch.resolves(NOBODY)
            began = watch.prometheus.now()
            for place in (0, 1, 0, 1):
                chain.fault(f"board {place} is killed")
                watch.boards[place].kill()
                watch.passes(3.0)
                watch.restart(place)
                watch.goes_on()

            assert watch.paged_since(began) == set()
        chain.hold(worker)
        watch.agrees()
