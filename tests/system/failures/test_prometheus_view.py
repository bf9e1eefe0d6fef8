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
from tests.support.failures.failing_chain import REBALANCES_METRIC, Supervisor, checkpoints, publish_live
from tests.support.failures.fixtures import FailingChainFactory
from tests.support.failures.live_traffic import LiveTraffic, without_platform
from tests.support.failures.prometheus_watch import prometheus_watch
from tests.support.failures.source_truth import read_sources
from tests.support.process.chain import KILLED
from tests.support.process.fast_worker import FAULT_VARIABLE
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.slow,
    # The Kafka clients leave the sockets of refused connections, and producers that gave up, to the collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

STALE_ALERT = "SafeclockFiguresStale"
JOB_DOWN_ALERT = "SafeclockJobDown"
"""Fires until the first worker answers, and for a while after it."""
RECORDS_LOST_ALERT = "SafeclockRecordsLost"
INTERNAL_REFUSAL_ALERT = "SafeclockInternalRefusal"


def test_a_killed_worker_leaves_the_last_figures_visible_until_another_one_takes_over(
    failing_chain: FailingChainFactory, apache_kafka: str
) -> None:
    chain = failing_chain(apache_kafka)
    with prometheus_watch(chain) as watch:
        chain.publish_lines(without_platform())
        with chain.trickle_events(seed=401):
            worker = chain.start_worker()
            chain.wait_for_commits(worker)
            watch.wait_for_progress()
            watch.wait_until_resolved(STALE_ALERT)

            chain.record_fault("SIGKILL, and nobody takes over")
            worker.kill()
            watch.assert_as_of_constant()
            watch.wait_until_firing(STALE_ALERT)
            heir = chain.start_worker()
            watch.wait_for_progress()
            watch.wait_until_resolved(STALE_ALERT)

        chain.assert_counts_once(heir)
        watch.assert_equals_source()


def test_a_frozen_worker_greys_its_partitions_after_a_minute_and_does_no_harm_when_it_wakes(
    failing_chain: FailingChainFactory, apache_kafka: str
) -> None:
    chain = failing_chain(apache_kafka)
    with prometheus_watch(chain) as watch:
        with chain.trickle_events(seed=411):
            zombie = chain.start_worker()
            chain.wait_for_commits(zombie)
            watch.wait_for_progress()
            watch.wait_until_resolved(STALE_ALERT)

            chain.record_fault("SIGSTOP beyond the session timeout, and nobody takes over")
            zombie.send_signal(signal.SIGSTOP)
            watch.assert_as_of_constant()
            watch.wait_until_firing(STALE_ALERT)
            wait_until(lambda: watch.wait_until_ready() == {"0": 0, "1": 0}, "partitions not to be ready", chain.logs)
            assert "partitions 0, 1: no status for more than 60 s" in watch.boards[0].get_page("/readyz")
            watch.assert_as_of_constant()

            heir = chain.start_worker()
            watch.wait_for_progress()
            watch.wait_until_resolved(STALE_ALERT)
            assert watch.wait_until_ready() == {"0": 1, "1": 1}
            zombie.send_signal(signal.SIGCONT)
            chain.wait_for_commits(heir, chain.wait_for_commits(heir) + 50)

        alive = [worker for worker in (heir, zombie) if worker.exit_code is None]
        chain.assert_counts_once(*alive)
        watch.assert_equals_source()


def test_two_workers_that_exchange_partitions_never_change_a_figure(
    failing_chain: FailingChainFactory, apache_kafka: str
) -> None:
    chain, random = failing_chain(apache_kafka, partitions=4), Random(421)
    with prometheus_watch(chain) as watch:
        chain.publish_lines(without_platform())
        with chain.trickle_events(seed=421):
            stays = chain.start_worker()
            chain.wait_for_commits(stays)
            watch.wait_until_resolved(STALE_ALERT)
            for _ in range(4):
                comes = chain.start_worker()
                chain.wait_until_ready(comes)
                chain.wait_for_commits(comes)
                watch.wait_for_progress()
                if random.random() < 0.5:
                    chain.record_fault("a second worker leaves")
                    assert comes.terminate() == 0, chain.logs()
                else:
                    chain.record_fault("a second worker is killed")
                    comes.kill()
                watch.wait_for_progress()

        assert stays.counter_total(REBALANCES_METRIC) >= 8
        chain.assert_counts_once(stays)
        watch.assert_equals_source()


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_a_broker_that_is_away_makes_figures_old_and_takes_none_of_them_back(
    failing_chain: FailingChainFactory, stoppable_apache_kafka: ApacheKafka, how: str
) -> None:
    chain = failing_chain(stoppable_apache_kafka.bootstrap)
    with prometheus_watch(chain) as watch:
        with chain.trickle_events(seed=431), Supervisor(chain, workers=1) as supervised:
            chain.wait_for_commits(supervised.workers[0])
            watch.wait_for_progress()
            watch.wait_until_resolved(STALE_ALERT)

            chain.record_fault(f"the broker is {how}")
            stoppable_apache_kafka.stop() if how == "stopped" else stoppable_apache_kafka.kill()
            watch.assert_as_of_constant()
            watch.wait_until_firing(STALE_ALERT)
            watch.assert_no_input()
            stoppable_apache_kafka.start()
            watch.wait_for_progress()
            watch.wait_until_resolved(STALE_ALERT)

        assert watch.boards[0].exit_code is None, chain.logs()
        chain.assert_counts_once(*supervised.workers)
        watch.assert_equals_source()


@pytest.mark.parametrize("then", ["lives on", "is killed at once"])
def test_records_that_were_deleted_before_they_were_read_page_and_are_missing_and_nothing_else_is(
    failing_chain: FailingChainFactory, apache_kafka: str, then: str
) -> None:
    chain, live = failing_chain(apache_kafka), LiveTraffic(seed=441)
    with prometheus_watch(chain) as watch:
        publish_live(chain, live)
        worker = chain.start_worker()
        chain.wait_until_ready(worker)
        chain.wait_until_caught_up()
        assert worker.terminate() == 0, chain.logs()
        at = checkpoints(chain)
        publish_live(chain, live)
        whole = read_sources(chain)
        assert RECORDS_LOST_ALERT not in watch.firing_alerts()

        chain.record_fault(f"records are deleted before they were read, and the worker that passes the gap {then}")
        topic_changes.delete_records_before(
            chain, {topic_partition: offset + 5 for topic_partition, offset in at.items()}
        )
        if then == "is killed at once":
            # Both partitions have committed that they passed their gaps, and nobody has looked at this worker's page.
            chain.wait_until_ended(chain.start_worker(SAFECLOCK_FAILPOINT="committed_not_published:3"), KILLED)
        worker = chain.start_worker()
        watch.wait_until_firing(RECORDS_LOST_ALERT)
        watch.wait_until_resolved(RECORDS_LOST_ALERT)

        kept = [one for one in whole.records if not 0 <= one.offset - at[TopicPartition(one.topic, one.partition)] < 5]
        known = replace(whole, records=kept)
        chain.assert_counts_once(worker, source=known)
        watch.assert_equals_source(known)


def test_a_fault_of_ours_pages_and_is_over_once_it_is_mended_and_its_events_are_published_again(
    failing_chain: FailingChainFactory, apache_kafka: str
) -> None:
    chain, live = failing_chain(apache_kafka), LiveTraffic(seed=451)
    lines = live.next_lines(wall_clock_ms())
    token = json.loads(lines[0])["subject"]
    with prometheus_watch(chain) as watch:
        chain.record_fault("the ledger fails at every event of one report")
        worker = chain.start_worker(**{FAULT_VARIABLE: token})
        chain.wait_until_ready(worker)
        watch.wait_for_progress()
        assert INTERNAL_REFUSAL_ALERT not in watch.firing_alerts()
        chain.publish_lines(lines)
        watch.wait_until_firing(INTERNAL_REFUSAL_ALERT)
        assert worker.terminate() == 0, chain.logs()
        failed = [
            (one.topic, one.partition, one.offset) for one in read_sources(chain).records if token.encode() in one.key
        ]

        worker = chain.start_worker()
        chain.publish_lines([line for line in lines if token.encode() in line])
        watch.wait_until_resolved(INTERNAL_REFUSAL_ALERT)

        assert failed
        known = replace(read_sources(chain), failed_records=frozenset(failed))
        chain.assert_counts_once(worker, source=known)
        watch.assert_equals_source(known)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_board_that_is_restarted_shows_no_less_than_before(
    failing_chain: FailingChainFactory, apache_kafka: str, how: signal.Signals
) -> None:
    chain = failing_chain(apache_kafka)
    with prometheus_watch(chain) as watch:
        chain.publish_lines(without_platform())
        with chain.trickle_events(seed=461):
            worker = chain.start_worker()
            chain.wait_for_commits(worker)
            for _ in range(2):
                watch.wait_for_progress()
                watch.wait_until_resolved(STALE_ALERT)
                chain.record_fault(f"{how.name} for the board")
                watch.boards[0].send_signal(how)
                watch.wait_until_firing(STALE_ALERT)
                watch.restart()
            watch.wait_for_progress()
            watch.wait_until_resolved(STALE_ALERT)

        chain.assert_counts_once(worker)
        watch.assert_equals_source()


def test_of_two_boards_either_may_go_and_nobody_sees_it(failing_chain: FailingChainFactory, apache_kafka: str) -> None:
    chain = failing_chain(apache_kafka)
    with prometheus_watch(chain, boards=2) as watch:
        chain.publish_lines(without_platform())
        with chain.trickle_events(seed=471):
            worker = chain.start_worker()
            chain.wait_for_commits(worker)
            watch.wait_for_progress()
            watch.wait_until_resolved(STALE_ALERT)
            watch.wait_until_resolved(JOB_DOWN_ALERT)
            began = watch.prometheus.now()
            for place in (0, 1, 0, 1):
                chain.record_fault(f"board {place} is killed")
                watch.boards[place].kill()
                watch.wait_for_log_time(3.0)
                watch.restart(place)
                watch.wait_for_progress()

            assert watch.paged_since(began) == set()
        chain.assert_counts_once(worker)
        watch.assert_equals_source()
