"""Topics, groups and the registry change under the workers' feet: they go on rightly, or stop and say why."""

import re
import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from math import inf
from threading import Event
from uuid import uuid4

import pytest
from aiokafka import TopicPartition
from kafka import KafkaProducer

from streams.contract.registry.registry import Role
from streams.edge.clock import wall_clock_ms
from streams.runtime.failpoints import NAMES
from streams.runtime.journal.checkpoint import CHECKPOINT_KEY
from tests.support.broker.apache import ApacheKafka
from tests.support.broker.apache import apache_kafka as apache_node
from tests.support.broker.jars import BrokerUnavailableError
from tests.support.components import component_or_skip
from tests.support.failures import topic_changes
from tests.support.failures.failing_chain import LOST_RECORDS_METRIC, FailingChain, checkpoints, publish_live
from tests.support.failures.fixtures import FailingChainFactory
from tests.support.failures.live_traffic import LiveTraffic, without_platform
from tests.support.failures.source_truth import read_sources
from tests.support.process.chain import KILLED
from tests.support.process.fast_worker import SESSION_VARIABLE
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow


FETCHED_SECONDS = 2.0
"""Longer than any fetch of a worker waits at the broker."""

HITS_BEFORE_KILL = {"after_apply": 24, "sent_not_committed": 32, "committed_not_published": 24}
"""Passages with so many commits before them that there is something to compact."""


@pytest.fixture(scope="module")
def broker_with_fast_compaction() -> Iterator[ApacheKafka]:
    """A node that looks all the time for what can be compacted."""
    with component_or_skip(
        "apache-kafka", apache_node(log_cleaner_backoff_ms="100", log_cleaner_threads="2"), BrokerUnavailableError
    ) as node:
        yield node


def wait_until_counted(chain: FailingChain, live: LiveTraffic) -> None:
    """Let a worker count some beats and end."""
    publish_live(chain, live)
    worker = chain.start_worker()
    chain.wait_until_ready(worker)
    chain.wait_until_caught_up()
    assert worker.terminate() == 0, chain.logs()


def wait_until_compacted(chain: FailingChain, at_most: int, ends: Mapping[int, float] | None = None) -> bool:
    """Return whether few of the positions that lie before `ends` are left in every partition of the changelog."""
    upto = ends or dict.fromkeys(range(chain.registry.partitions), inf)
    stored = chain.read_uncommitted(chain.names.changelog)
    found = Counter(one.partition for one in stored if one.key == CHECKPOINT_KEY and one.offset < upto[one.partition])
    return all(found[number] <= at_most for number in upto)


def end_offsets(chain: FailingChain) -> dict[int, float]:
    """Return the offset of the last record in every partition of the changelog."""
    return {one.partition: one.offset for one in chain.read_uncommitted(chain.names.changelog)}


def test_a_changelog_that_is_compacted_at_every_stage_restores_the_same(
    failing_chain: FailingChainFactory, broker_with_fast_compaction: ApacheKafka
) -> None:
    chain = failing_chain(broker_with_fast_compaction.bootstrap)
    for topic in chain.names[:2]:
        topic_changes.set_topic_settings(chain, topic, topic_changes.FAST_COMPACTION_SETTINGS)
    chain.publish_lines(without_platform())

    with chain.trickle_events(seed=101):
        for name in NAMES:
            chain.record_fault(f"SIGKILL at {name}, and compaction")
            worker = chain.start_worker(SAFECLOCK_FAILPOINT=f"{name}:{HITS_BEFORE_KILL.get(name, 2)}")
            chain.wait_until_ended(worker, KILLED)
            wait_until(lambda: wait_until_compacted(chain, at_most=6), "the changelog to be compacted")

    chain.assert_counts_once(chain.start_worker(), compacted=True)


def test_a_changelog_is_compacted_while_it_is_written_and_read(
    failing_chain: FailingChainFactory, broker_with_fast_compaction: ApacheKafka
) -> None:
    chain = failing_chain(broker_with_fast_compaction.bootstrap)
    for topic in chain.names[:2]:
        topic_changes.set_topic_settings(chain, topic, topic_changes.FAST_COMPACTION_SETTINGS)

    with chain.trickle_events(seed=102):
        worker = chain.start_worker()
        for _ in range(3):
            chain.record_fault("compaction under a worker, and another one that restores")
            chain.wait_for_commits(worker, worker.counter_total("safeclock_worker_records_applied_total") + 100)
            # The worker goes on writing meanwhile: a count of all positions would race with it.
            ends = end_offsets(chain)
            wait_until(partial(wait_until_compacted, chain, at_most=1, ends=ends), "the changelog to be compacted")
            worker.kill()
            worker = chain.start_worker()
            chain.wait_until_ready(worker)

    chain.assert_counts_once(worker, compacted=True)


def test_a_group_that_was_deleted_is_joined_again_at_the_position(
    failing_chain: FailingChainFactory, apache_kafka: str
) -> None:
    chain, live = failing_chain(apache_kafka), LiveTraffic(seed=111)
    wait_until_counted(chain, live)

    chain.record_fault("the consumer group is deleted")
    topic_changes.delete_group(chain)
    publish_live(chain, live)

    assert topic_changes.committed_offsets(chain) == {}
    chain.assert_counts_once(chain.start_worker())


@pytest.mark.parametrize("where", ["ahead of", "behind"])
def test_committed_offsets_do_not_matter_the_position_rules(
    failing_chain: FailingChainFactory, apache_kafka: str, where: str
) -> None:
    chain, live = failing_chain(apache_kafka), LiveTraffic(seed=112)
    wait_until_counted(chain, live)
    publish_live(chain, live)
    at = checkpoints(chain)

    chain.record_fault(f"committed offsets {where} the position")
    topic_changes.commit_offsets(
        chain, {topic_partition: offset + 7 if where == "ahead of" else 0 for topic_partition, offset in at.items()}
    )

    worker = chain.start_worker()
    chain.assert_counts_once(worker)
    assert "that continues at the next offset" not in worker.log_text()


@pytest.mark.parametrize("worker_is", ["away", "at work"])
@pytest.mark.parametrize("role", ["report-filed", "action-taken"])
def test_a_source_topic_that_was_recreated_stops_the_worker_which_names_both_ids(
    failing_chain: FailingChainFactory, apache_kafka: str, role: str, worker_is: str
) -> None:
    chain, live = failing_chain(apache_kafka), LiveTraffic(seed=121)
    (topic,) = (name for name in chain.sources if name.endswith(role))
    publish_live(chain, live)
    worker = chain.start_worker()
    chain.wait_until_ready(worker)
    chain.wait_until_caught_up()
    if worker_is == "away":
        assert worker.terminate() == 0, chain.logs()
    before = checkpoints(chain)

    chain.record_fault(f"a source topic is recreated while the worker is {worker_is}")
    former, present = topic_changes.recreate_topic(chain, topic)
    publish_live(chain, live, count=40)
    if worker_is == "at work":
        # It may see that the topic is gone before it sees the new one.
        assert f"{topic}: expected" in chain.wait_until_ended(worker)

    said = chain.wait_until_ended(chain.start_worker())
    assert f"{topic}: expected the topic with id {former}, found {present}: it was recreated" in said
    assert checkpoints(chain) == before


@pytest.mark.parametrize("worker_is", ["away", "frozen"])
def test_what_was_deleted_before_it_was_read_is_counted_named_and_passed(
    failing_chain: FailingChainFactory, apache_kafka: str, worker_is: str
) -> None:
    chain, live = failing_chain(apache_kafka), LiveTraffic(seed=131)
    publish_live(chain, live)
    worker = chain.start_worker(**{SESSION_VARIABLE: "20"})
    chain.wait_until_ready(worker)
    chain.wait_until_caught_up()
    if worker_is == "away":
        assert worker.terminate() == 0, chain.logs()
    else:
        worker.send_signal(signal.SIGSTOP)
        # A fetch that waits at the broker is answered with the first records that come, and these are not lost then.
        Event().wait(FETCHED_SECONDS)
    at = checkpoints(chain)
    publish_live(chain, live)
    whole = read_sources(chain)

    chain.record_fault(f"records are deleted before they were read while the worker is {worker_is}")
    topic_changes.delete_records_before(chain, {topic_partition: offset + 5 for topic_partition, offset in at.items()})
    if worker_is == "away":
        worker = chain.start_worker()
    worker.send_signal(signal.SIGCONT)
    chain.wait_until_caught_up()
    wait_until(lambda: worker.counter_total(LOST_RECORDS_METRIC) == 5 * len(at), "the gap to be counted", chain.logs)

    kept = [one for one in whole.records if not 0 <= one.offset - at[TopicPartition(one.topic, one.partition)] < 5]
    for (topic, partition), offset in at.items():
        assert f"partition {partition}: offsets {offset} to {offset + 4} of {topic} are gone" in worker.log_text()
    chain.assert_counts_once(worker, source=replace(whole, records=kept))


def test_what_was_deleted_after_it_was_read_is_missed_by_nobody(
    failing_chain: FailingChainFactory, apache_kafka: str
) -> None:
    chain, live = failing_chain(apache_kafka), LiveTraffic(seed=132)
    publish_live(chain, live)
    worker = chain.start_worker()
    chain.wait_until_ready(worker)
    chain.wait_until_caught_up()
    whole = read_sources(chain)

    chain.record_fault("records are deleted that were counted")
    topic_changes.delete_records_before(chain, checkpoints(chain))
    publish_live(chain, live)
    chain.wait_until_caught_up()

    assert worker.counter_total(LOST_RECORDS_METRIC) == 0
    after = [one for one in read_sources(chain).records if one not in whole.records]
    chain.assert_counts_once(worker, source=replace(whole, records=[*whole.records, *after]))


@pytest.mark.parametrize("worker_is", ["away", "at work"])
def test_a_source_topic_with_more_partitions_stops_the_worker_which_says_how_many(
    failing_chain: FailingChainFactory, apache_kafka: str, worker_is: str
) -> None:
    chain, live = failing_chain(apache_kafka), LiveTraffic(seed=141)
    wait_until_counted(chain, live)
    worker = chain.start_worker()
    chain.wait_until_ready(worker)
    if worker_is == "away":
        assert worker.terminate() == 0, chain.logs()

    chain.record_fault(f"a source topic is extended while the worker is {worker_is}")
    topic_changes.add_partitions(chain, chain.sources[0], 3)
    if worker_is == "away":
        worker = chain.start_worker()

    assert f"{chain.sources[0]}: expected 2 partitions, found 3" in chain.wait_until_ended(worker)


@pytest.mark.parametrize("worker_is", ["away", "at work"])
def test_without_one_of_its_topics_a_worker_stops_and_names_it(
    failing_chain: FailingChainFactory, apache_kafka: str, worker_is: str
) -> None:
    chain, live = failing_chain(apache_kafka), LiveTraffic(seed=142)
    wait_until_counted(chain, live)
    worker = chain.start_worker()
    chain.wait_until_ready(worker)
    if worker_is == "away":
        assert worker.terminate() == 0, chain.logs()

    chain.record_fault(f"one of a pair of topics is deleted while the worker is {worker_is}")
    topic_changes.delete_topic(chain, chain.sources[0])
    if worker_is == "away":
        worker = chain.start_worker()

    assert f"{chain.sources[0]}: expected a topic with 2 partitions, found none" in chain.wait_until_ended(worker)


WHARF_TOML = """
[[platforms]]
id = "wharf"
provider = "Long Pier Clips"
report_filed = "{own}-report-filed.wharf"
action_taken = "{own}-action-taken.wharf"
cadence = "5m"
"""


def test_a_platform_that_is_added_taken_away_and_added_again_is_measured_while_it_is_there(
    failing_chain: FailingChainFactory, apache_kafka: str
) -> None:
    chain, harbor, wharf = failing_chain(apache_kafka), LiveTraffic(seed=151), LiveTraffic(seed=152, platform="wharf")
    wait_until_counted(chain, harbor)
    alone = chain.registry_file.read_text()
    with_wharf = read_sources(chain)

    for _ in range(2):
        chain.record_fault("a platform is added")
        chain.write_registry(alone + WHARF_TOML.format(own=chain.application))
        publish_live(chain, harbor)
        wait_until_counted(chain, wharf)
        with_wharf = read_sources(chain)
        chain.record_fault("a platform is taken away")
        chain.write_registry(alone)
        wait_until_counted(chain, harbor)
    chain.write_registry(alone + WHARF_TOML.format(own=chain.application))

    assert any(b"wharf" in one.value for one in with_wharf.records if one.value)
    chain.assert_counts_once(chain.start_worker())


def test_a_platform_that_is_taken_off_the_shared_topics_is_refused_and_keeps_its_figures(
    failing_chain: FailingChainFactory, apache_kafka: str
) -> None:
    chain, live = failing_chain(apache_kafka), LiveTraffic(seed=153)
    lines = without_platform()
    chain.publish_lines(lines[: len(lines) // 2])
    wait_until_counted(chain, live)
    former, ends = chain.registry, checkpoints(chain)

    chain.record_fault("a platform is taken away")
    text = chain.registry_file.read_text()
    chain.publish_lines(lines[len(lines) // 2 :])
    publish_live(chain, live)
    chain.write_registry(re.sub(r'\[\[platforms\]\]\nid = "meadow"[^\[]*\[[^\]]*\]\n', "", text))

    assert "meadow" not in chain.registry.platforms
    worker = chain.start_worker()
    chain.wait_until_ready(worker)
    chain.wait_until_caught_up()
    whole = read_sources(chain)
    chain.assert_counts_once(worker, source=replace(whole, previous_registry=former, end_offsets=ends))
    refusals = chain.read_committed(chain.names.refusals)
    assert refusals
    assert all(b"unknown_platform" in (one.value or b"") for one in refusals)


def test_a_transaction_that_a_publisher_left_open_holds_back_time_and_no_action_for_long(
    failing_chain: FailingChainFactory, apache_kafka: str
) -> None:
    chain, live = failing_chain(apache_kafka), LiveTraffic(seed=161)
    filed, taken = (next(name for name in chain.sources if name.endswith(role)) for role in Role)
    worker = chain.start_worker()
    publish_live(chain, live)
    chain.wait_until_caught_up()
    orphan = KafkaProducer(bootstrap_servers=chain.bootstrap, transactional_id=f"orphan-{uuid4().hex[:8]}")
    orphan.init_transactions()
    orphan.begin_transaction()

    chain.record_fault("a publisher leaves a transaction open on a source topic")
    orphan.send(filed, b"{}", key=b"harbor|nothing", partition=0).get(10)
    opened = wall_clock_ms()
    publish_live(chain, live)
    ends = {one.partition: one.offset + 1 for one in chain.read_committed(taken)}
    wait_until(lambda: checkpoints(chain)[TopicPartition(taken, 0)] == ends[0], "the deeds to be counted", chain.logs)
    wait_until(
        lambda: chain.checkpoints()[1].log_time > opened + 8_000, "the time of the other partition to pass", chain.logs
    )
    held = chain.checkpoints()[0].log_time
    orphan.abort_transaction()
    orphan.close()

    assert held <= opened
    wait_until(lambda: chain.checkpoints()[0].log_time > opened + 8_000, "time to go on", chain.logs)
    chain.assert_counts_once(worker)


def test_no_deadline_is_missed_while_the_actions_of_a_partition_are_held_back(
    failing_chain: FailingChainFactory, apache_kafka: str
) -> None:
    chain, live = failing_chain(apache_kafka), LiveTraffic(seed=162)
    # A platform that is heard every second: two seconds after a deadline its silence would be a miss.
    chain.write_registry(chain.registry_file.read_text().replace('cadence = "5m"', 'cadence = "1s"', 1))
    taken = next(name for name in chain.sources if name.endswith(Role.ACTION_TAKEN))
    worker = chain.start_worker()
    publish_live(chain, live, count=1)
    chain.wait_until_caught_up()
    orphan = KafkaProducer(bootstrap_servers=chain.bootstrap, transactional_id=f"orphan-{uuid4().hex[:8]}")
    orphan.init_transactions()
    orphan.begin_transaction()

    chain.record_fault("a publisher leaves a transaction open while deadlines pass")
    orphan.send(taken, b"{}", key=b"harbor|nothing", partition=0).get(10)
    publish_live(chain, live)
    published_at = wall_clock_ms()
    # By then the last deadline of the beats has passed, and the silence after it.
    wait_until(
        lambda: chain.checkpoints()[1].log_time > published_at + 23_000, "deadlines to pass elsewhere", chain.logs
    )
    orphan.abort_transaction()
    orphan.close()

    chain.assert_counts_once(worker)
