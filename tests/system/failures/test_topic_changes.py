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
from tests.support.components import missing
from tests.support.failures import topic_changes
from tests.support.failures.failing_chain import LOST, FailingChain
from tests.support.failures.fixtures import Fail
from tests.support.failures.live_traffic import Live, others
from tests.support.failures.source_truth import told
from tests.support.process.fast_worker import SESSION
from tests.support.waiting import until
from tests.system.failures.test_worker_failures import KILLED

pytestmark = pytest.mark.slow


FETCHED_SECONDS = 2.0
"""Longer than any fetch of a worker waits at the broker."""

MANY = {"after_apply": 24, "sent_not_committed": 32, "committed_not_published": 24}
"""Passages with so many commits before them that there is something to compact."""


@pytest.fixture(scope="module")
def cleaning() -> Iterator[ApacheKafka]:
    """A node that looks all the time for what can be compacted."""
    try:
        with apache_node(log_cleaner_backoff_ms="100", log_cleaner_threads="2") as node:
            yield node
    except BrokerUnavailableError as reason:
        missing("apache-kafka", str(reason))


def beats(chain: FailingChain, live: Live, count: int = 8) -> None:
    """Tell some beats at once."""
    chain.tell([line for _ in range(count) for line in live.beat(wall_clock_ms())])


def counted(chain: FailingChain, live: Live) -> None:
    """Let a worker count some beats and end."""
    beats(chain, live)
    worker = chain.worker()
    chain.ready(worker)
    chain.caught_up()
    assert worker.terminate() == 0, chain.logs()


def places(chain: FailingChain) -> dict[TopicPartition, int]:
    """Return the position of every topic_partition."""
    return {
        TopicPartition(topic, number): one.next
        for number, at in chain.positions().items()
        for topic, one in at.topics.items()
    }


def compacted(chain: FailingChain, at_most: int, ends: Mapping[int, float] | None = None) -> bool:
    """Return whether few of the positions that lie before `ends` are left in every partition of the changelog."""
    upto = ends or dict.fromkeys(range(chain.registry.partitions), inf)
    stored = chain.read_uncommitted(chain.names.changelog)
    found = Counter(one.partition for one in stored if one.key == CHECKPOINT_KEY and one.offset < upto[one.partition])
    return all(found[number] <= at_most for number in upto)


def ends_of(chain: FailingChain) -> dict[int, float]:
    """Return the offset of the last record in every partition of the changelog."""
    return {one.partition: one.offset for one in chain.read_uncommitted(chain.names.changelog)}


def test_a_changelog_that_is_compacted_at_every_stage_restores_the_same(failing: Fail, cleaning: ApacheKafka) -> None:
    chain = failing(cleaning.bootstrap)
    for topic in chain.names[:2]:
        topic_changes.set_topic(chain, topic, topic_changes.SOON)
    chain.tell(others())

    with chain.trickle(seed=101):
        for name in NAMES:
            chain.fault(f"SIGKILL at {name}, and compaction")
            worker = chain.worker(SAFECLOCK_FAILPOINT=f"{name}:{MANY.get(name, 2)}")
            chain.ended(worker, KILLED)
            until(lambda: compacted(chain, at_most=6), "the changelog to be compacted")

    chain.hold(chain.worker(), compacted=True)


def test_a_changelog_is_compacted_while_it_is_written_and_read(failing: Fail, cleaning: ApacheKafka) -> None:
    chain = failing(cleaning.bootstrap)
    for topic in chain.names[:2]:
        topic_changes.set_topic(chain, topic, topic_changes.SOON)

    with chain.trickle(seed=102):
        worker = chain.worker()
        for _ in range(3):
            chain.fault("compaction under a worker, and another one that restores")
            chain.applied(worker, worker.total("safeclock_worker_records_applied_total") + 100)
            # The worker goes on writing meanwhile: a count of all positions would race with it.
            ends = ends_of(chain)
            until(partial(compacted, chain, at_most=1, ends=ends), "the changelog to be compacted")
            worker.kill()
            worker = chain.worker()
            chain.ready(worker)

    chain.hold(worker, compacted=True)


def test_a_group_that_was_deleted_is_joined_anew_at_the_position(failing: Fail, apache_kafka: str) -> None:
    chain, live = failing(apache_kafka), Live(seed=111)
    counted(chain, live)

    chain.fault("the consumer group is deleted")
    topic_changes.delete_group(chain)
    beats(chain, live)

    assert topic_changes.committed(chain) == {}
    chain.hold(chain.worker())


@pytest.mark.parametrize("where", ["ahead of", "behind"])
def test_committed_offsets_do_not_matter_the_position_rules(failing: Fail, apache_kafka: str, where: str) -> None:
    chain, live = failing(apache_kafka), Live(seed=112)
    counted(chain, live)
    beats(chain, live)
    at = places(chain)

    chain.fault(f"committed offsets {where} the position")
    topic_changes.commit(
        chain, {topic_partition: offset + 7 if where == "ahead of" else 0 for topic_partition, offset in at.items()}
    )

    worker = chain.worker()
    chain.hold(worker)
    assert "that continues at the next offset" not in worker.said()


@pytest.mark.parametrize("worker_is", ["away", "at work"])
@pytest.mark.parametrize("role", ["report-filed", "action-taken"])
def test_a_source_topic_that_was_made_anew_stops_the_worker_which_names_both_ids(
    failing: Fail, apache_kafka: str, role: str, worker_is: str
) -> None:
    chain, live = failing(apache_kafka), Live(seed=121)
    (topic,) = (name for name in chain.sources if name.endswith(role))
    beats(chain, live)
    worker = chain.worker()
    chain.ready(worker)
    chain.caught_up()
    if worker_is == "away":
        assert worker.terminate() == 0, chain.logs()
    before = places(chain)

    chain.fault(f"a source topic is made anew while the worker is {worker_is}")
    former, present = topic_changes.make_anew(chain, topic)
    beats(chain, live, count=40)
    if worker_is == "at work":
        # It may see that the topic is gone before it sees the new one.
        assert f"{topic}: expected" in chain.ended(worker)

    said = chain.ended(chain.worker())
    assert f"{topic}: expected the topic with id {former}, found {present}: it was recreated" in said
    assert places(chain) == before


@pytest.mark.parametrize("worker_is", ["away", "frozen"])
def test_what_was_deleted_before_it_was_read_is_counted_named_and_passed(
    failing: Fail, apache_kafka: str, worker_is: str
) -> None:
    chain, live = failing(apache_kafka), Live(seed=131)
    beats(chain, live)
    worker = chain.worker(**{SESSION: "20"})
    chain.ready(worker)
    chain.caught_up()
    if worker_is == "away":
        assert worker.terminate() == 0, chain.logs()
    else:
        worker.signal(signal.SIGSTOP)
        # A fetch that waits at the broker is answered with the first records that come, and these are not lost then.
        Event().wait(FETCHED_SECONDS)
    at = places(chain)
    beats(chain, live)
    whole = told(chain)

    chain.fault(f"records are deleted before they were read while the worker is {worker_is}")
    topic_changes.truncate(chain, {topic_partition: offset + 5 for topic_partition, offset in at.items()})
    if worker_is == "away":
        worker = chain.worker()
    worker.signal(signal.SIGCONT)
    chain.caught_up()
    until(lambda: worker.total(LOST) == 5 * len(at), "the gap to be counted", chain.logs)

    kept = [one for one in whole.records if not 0 <= one.offset - at[TopicPartition(one.topic, one.partition)] < 5]
    for (topic, partition), offset in at.items():
        assert f"partition {partition}: offsets {offset} to {offset + 4} of {topic} are gone" in worker.said()
    chain.hold(worker, source=replace(whole, records=kept))


def test_what_was_deleted_after_it_was_read_is_missed_by_nobody(failing: Fail, apache_kafka: str) -> None:
    chain, live = failing(apache_kafka), Live(seed=132)
    beats(chain, live)
    worker = chain.worker()
    chain.ready(worker)
    chain.caught_up()
    whole = told(chain)

    chain.fault("records are deleted that were counted")
    topic_changes.truncate(chain, places(chain))
    beats(chain, live)
    chain.caught_up()

    assert worker.total(LOST) == 0
    after = [one for one in told(chain).records if one not in whole.records]
    chain.hold(worker, source=replace(whole, records=[*whole.records, *after]))


@pytest.mark.parametrize("worker_is", ["away", "at work"])
def test_a_source_topic_with_more_partitions_stops_the_worker_which_says_how_many(
    failing: Fail, apache_kafka: str, worker_is: str
) -> None:
    chain, live = failing(apache_kafka), Live(seed=141)
    counted(chain, live)
    worker = chain.worker()
    chain.ready(worker)
    if worker_is == "away":
        assert worker.terminate() == 0, chain.logs()

    chain.fault(f"a source topic is extended while the worker is {worker_is}")
    topic_changes.extend(chain, chain.sources[0], 3)
    if worker_is == "away":
        worker = chain.worker()

    assert f"{chain.sources[0]}: expected 2 partitions, found 3" in chain.ended(worker)


@pytest.mark.parametrize("worker_is", ["away", "at work"])
def test_without_one_of_its_topics_a_worker_stops_and_names_it(
    failing: Fail, apache_kafka: str, worker_is: str
) -> None:
    chain, live = failing(apache_kafka), Live(seed=142)
    counted(chain, live)
    worker = chain.worker()
    chain.ready(worker)
    if worker_is == "away":
        assert worker.terminate() == 0, chain.logs()

    chain.fault(f"one of a pair of topics is deleted while the worker is {worker_is}")
    topic_changes.delete(chain, chain.sources[0])
    if worker_is == "away":
        worker = chain.worker()

    assert f"{chain.sources[0]}: expected a topic with 2 partitions, found none" in chain.ended(worker)


WHARF = """
[[platforms]]
id = "wharf"
provider = "Long Pier Clips"
report_filed = "{own}-report-filed.wharf"
action_taken = "{own}-action-taken.wharf"
cadence = "5m"
"""


def test_a_platform_that_is_added_taken_away_and_added_again_is_measured_while_it_is_there(
    failing: Fail, apache_kafka: str
) -> None:
    chain, harbor, wharf = failing(apache_kafka), Live(seed=151), Live(seed=152, platform="wharf")
    counted(chain, harbor)
    alone = chain.registry_file.read_text()
    with_wharf = told(chain)

    for _ in range(2):
        chain.fault("a platform is added")
        chain.register(alone + WHARF.format(own=chain.application))
        beats(chain, harbor)
        counted(chain, wharf)
        with_wharf = told(chain)
        chain.fault("a platform is taken away")
        chain.register(alone)
        counted(chain, harbor)
    chain.register(alone + WHARF.format(own=chain.application))

    assert any(b"wharf" in one.value for one in with_wharf.records if one.value)
    chain.hold(chain.worker())


def test_a_platform_that_is_taken_off_the_shared_topics_is_refused_and_keeps_its_figures(
    failing: Fail, apache_kafka: str
) -> None:
    chain, live = failing(apache_kafka), Live(seed=153)
    lines = others()
    chain.tell(lines[: len(lines) // 2])
    counted(chain, live)
    former, ends = chain.registry, places(chain)

    chain.fault("a platform is taken away")
    text = chain.registry_file.read_text()
    chain.tell(lines[len(lines) // 2 :])
    beats(chain, live)
    chain.register(re.sub(r'\[\[platforms\]\]\nid = "meadow"[^\[]*\[[^\]]*\]\n', "", text))

    assert "meadow" not in chain.registry.platforms
    worker = chain.worker()
    chain.ready(worker)
    chain.caught_up()
    whole = told(chain)
    chain.hold(worker, source=replace(whole, former=former, until=ends))
    refusals = chain.read(chain.names.refusals)
    assert refusals
    assert all(b"unknown_platform" in (one.value or b"") for one in refusals)


def test_a_transaction_that_a_publisher_left_open_holds_back_time_and_no_deed_for_long(
    failing: Fail, apache_kafka: str
) -> None:
    chain, live = failing(apache_kafka), Live(seed=161)
    filed, taken = (next(name for name in chain.sources if name.endswith(role)) for role in Role)
    worker = chain.worker()
    beats(chain, live)
    chain.caught_up()
    orphan = KafkaProducer(bootstrap_servers=chain.bootstrap, transactional_id=f"orphan-{uuid4().hex[:8]}")
    orphan.init_transactions()
    orphan.begin_transaction()

    chain.fault("a publisher leaves a transaction open on a source topic")
    orphan.send(filed, b"{}", key=b"harbor|nothing", partition=0).get(10)
    opened = wall_clock_ms()
    beats(chain, live)
    ends = {one.partition: one.offset + 1 for one in chain.read(taken)}
    until(lambda: places(chain)[TopicPartition(taken, 0)] == ends[0], "the deeds to be counted", chain.logs)
    until(lambda: chain.positions()[1].log_time > opened + 8_000, "the time of the other partition to pass", chain.logs)
    held = chain.positions()[0].log_time
    orphan.abort_transaction()
    orphan.close()

    assert held <= opened
    until(lambda: chain.positions()[0].log_time > opened + 8_000, "time to go on", chain.logs)
    chain.hold(worker)


def test_no_deadline_is_missed_while_the_deeds_of_a_partition_are_held_back(failing: Fail, apache_kafka: str) -> None:
    chain, live = failing(apache_kafka), Live(seed=162)
    # A platform that is heard every second: two seconds after a deadline its silence would be a miss.
    chain.register(chain.registry_file.read_text().replace('cadence = "5m"', 'cadence = "1s"', 1))
    taken = next(name for name in chain.sources if name.endswith(Role.ACTION_TAKEN))
    worker = chain.worker()
    beats(chain, live, count=1)
    chain.caught_up()
    orphan = KafkaProducer(bootstrap_servers=chain.bootstrap, transactional_id=f"orphan-{uuid4().hex[:8]}")
    orphan.init_transactions()
    orphan.begin_transaction()

    chain.fault("a publisher leaves a transaction open while deadlines pass")
    orphan.send(taken, b"{}", key=b"harbor|nothing", partition=0).get(10)
    beats(chain, live)
    told_at = wall_clock_ms()
    # By then the last deadline of the beats has passed, and the silence after it.
    until(lambda: chain.positions()[1].log_time > told_at + 23_000, "deadlines to pass elsewhere", chain.logs)
    orphan.abort_transaction()
    orphan.close()

    chain.hold(worker)
