"""What the journal rests on: transactions of the Kafka client, on a real broker."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from uuid import uuid4

import pytest
from aiokafka.errors import ProducerFenced

from streams.contract import topics
from streams.contract.registry.registry import Registry
from streams.contract.topics import Replication, TopicSettings, changelog_topic, required_topics
from streams.runtime.failpoints import Failpoints
from streams.runtime.journal.checkpoint import CLAIM_KEY
from streams.runtime.journal.journal import ClaimError, Commit, JournalTarget, RowTooLargeError
from streams.runtime.journal.transactions import TransactionJournal
from streams.runtime.kafka.admin import KafkaAdmin
from tests.support.broker.apache import ApacheKafka, BrokerUnavailableError
from tests.support.broker.apache import apache_kafka as apache_node
from tests.support.components import component_or_skip
from tests.support.kafka.async_records import read_topic, running_producer

# Of this run alone: a broker that was given may have seen others.
RUN_ID = uuid4().hex[:8]
CHANGELOG, MEASURES = f"transactions-changelog-{RUN_ID}", f"transactions-measures-{RUN_ID}"
PARTITIONS = 8


@pytest.fixture(scope="module")
def broker(apache_kafka: str) -> str:
    with KafkaAdmin(apache_kafka) as admin:
        for name in (CHANGELOG, MEASURES):
            admin.create_topic(TopicSettings(name=name, partitions=PARTITIONS, replication_factor=1, config={}))
    return apache_kafka


def changes(name: str, count: int) -> Commit:
    rows: dict[bytes, bytes | None] = {f"r|{name}-{number}".encode(): b"x" * 200 for number in range(count)}
    return Commit(rows, {MEASURES: [(b"s", name.encode())]})


class JournalOpener:
    """Opens journals, and closes them all in the end: a fenced one, too, keeps its connections until then."""

    def __init__(self, broker: str) -> None:
        self._broker = broker
        self._opened: list[TransactionJournal] = []

    async def open(self, application: str, partition: int = 0, limit: int = 1_048_588) -> TransactionJournal:
        """Take a partition."""
        place = JournalTarget(self._broker, application, CHANGELOG, partition, limit)
        journal = TransactionJournal(place, Failpoints())
        self._opened.append(journal)
        await journal.claim()
        return journal

    async def close(self) -> None:
        """Let go of everything."""
        for journal in self._opened:
            await journal.close()


@pytest.fixture
async def journals(broker: str) -> AsyncIterator[JournalOpener]:
    made = JournalOpener(broker)
    yield made
    await made.close()


@pytest.fixture
async def abandoned_transaction(broker: str) -> AsyncIterator[str]:
    """An application whose owner died in the middle of a transaction: its producer never ends it."""
    async with running_producer(broker, transactional_id="orphaned-0") as producer:
        await producer.begin_transaction()
        await producer.send_and_wait(CHANGELOG, key=b"r|orphan", value=b"never", partition=0)
        yield "orphaned"


async def test_a_commit_is_read_whole_on_every_topic(broker: str, journals: JournalOpener) -> None:
    journal = await journals.open("whole")

    await journal.commit(changes("whole", 5_000))

    rows = [record for record in await read_topic(broker, CHANGELOG, PARTITIONS) if record.key.startswith(b"r|whole-")]
    statuses = [record.value for record in await read_topic(broker, MEASURES, PARTITIONS)]
    assert len(rows) == 5_000
    assert b"whole" in statuses


async def test_a_new_owner_fences_the_former_one(broker: str, journals: JournalOpener) -> None:
    former = await journals.open("fenced")
    await former.commit(changes("before", 1))
    owner = await journals.open("fenced")

    with pytest.raises(ProducerFenced):
        await former.commit(changes("zombie", 1))

    await owner.commit(changes("after", 1))
    keys = {record.key for record in await read_topic(broker, CHANGELOG, PARTITIONS)}
    assert {b"r|before-0", b"r|after-0"} <= keys
    assert b"r|zombie-0" not in keys


async def test_an_owner_can_tell_whether_it_still_is_one(journals: JournalOpener) -> None:
    former = await journals.open("confirmed")
    await former.check_not_fenced()
    owner = await journals.open("confirmed")

    with pytest.raises(ProducerFenced):
        await former.check_not_fenced()

    await owner.check_not_fenced()


async def test_what_a_dead_owner_left_open_is_aborted_by_the_next(
    broker: str, journals: JournalOpener, abandoned_transaction: str
) -> None:
    owner = await journals.open(abandoned_transaction)

    await owner.commit(changes("heir", 1))

    keys = {record.key for record in await read_topic(broker, CHANGELOG, PARTITIONS)}
    assert b"r|heir-0" in keys
    assert b"r|orphan" not in keys


async def test_eight_partitions_commit_two_thousand_rows_each_at_the_same_time(
    broker: str, journals: JournalOpener
) -> None:
    opened = [await journals.open("eight", number) for number in range(PARTITIONS)]
    started = time.monotonic()

    await asyncio.gather(*(journal.commit(changes(f"eight{at}", 2_000)) for at, journal in enumerate(opened)))

    seconds = time.monotonic() - started
    rows = [record for record in await read_topic(broker, CHANGELOG, PARTITIONS) if record.key.startswith(b"r|eight")]
    assert len(rows) == PARTITIONS * 2_000
    assert seconds < 30, "a commit of 2,000 rows takes some 50 ms; thirty seconds mean that a request was given up"


async def test_a_row_larger_than_a_record_batch_is_reported_by_name(journals: JournalOpener) -> None:
    journal = await journals.open("large", limit=2_000)

    with pytest.raises(RowTooLargeError, match=CHANGELOG):
        await journal.commit(Commit({b"r|large": b"x" * 3_000}, {}))


async def test_a_topic_that_takes_less_than_the_changelog_is_reported_by_its_setting(journals: JournalOpener) -> None:
    journal = await journals.open("less", limit=16 << 20)

    with pytest.raises(RowTooLargeError, match=f"{CHANGELOG}, {MEASURES}: expected max.message.bytes"):
        await journal.commit(Commit({}, {MEASURES: [(b"c|large", bytes(3_000_000))]}))


async def test_a_cohort_of_megabytes_is_published_as_it_is_kept(apache_kafka: str) -> None:
    application = f"large-{RUN_ID}"
    wanted = {
        topic.name: topic
        for topic in required_topics(Registry.accepting_all(), application, Replication(factor=1, min_insync=1))
    }
    names = [f"{application}-{name}" for name in (CHANGELOG, MEASURES)]
    with KafkaAdmin(apache_kafka) as admin:
        for name, like in zip(names, (changelog_topic(application), topics.MEASURES), strict=True):
            admin.create_topic(replace(wanted[like], name=name, partitions=1))
        limit = int(admin.describe_settings(names)[names[0]]["max.message.bytes"])
    journal = TransactionJournal(JournalTarget(apache_kafka, application, names[0], 0, limit), Failpoints())
    await journal.claim()
    cohort = bytes(3_000_000)

    await journal.commit(Commit({b"c|large": cohort}, {names[1]: [(b"c|small", b""), (b"c|large", cohort)]}))
    await journal.close()

    for name in names:
        assert (b"c|large", cohort) in [
            (record.key, record.value) for record in await read_topic(apache_kafka, name, 1)
        ]


@pytest.fixture
def without_coordinator() -> Iterator[str]:
    """A broker that cannot keep transactions: alone, it is asked for three copies of them."""
    with component_or_skip(
        "apache-kafka", apache_node(transaction_state_log_replication_factor="3"), BrokerUnavailableError
    ) as node:
        yield node.bootstrap


@pytest.mark.slow
async def test_a_partition_that_cannot_be_taken_is_not_waited_for_for_ever(without_coordinator: str) -> None:
    place = JournalTarget(without_coordinator, "alone", CHANGELOG, 0, 1_048_588)
    journal = TransactionJournal(place, Failpoints(), claim_seconds=2.0)

    with pytest.raises(ClaimError, match="transactional id alone-0: expected a transaction within 2 s"):
        await journal.claim()

    await journal.close()


@pytest.mark.slow
async def test_a_journal_closes_on_a_silent_broker_and_what_was_not_acknowledged_never_counts(
    stoppable_apache_kafka: ApacheKafka,
) -> None:
    with KafkaAdmin(stoppable_apache_kafka.bootstrap) as admin:
        for name in (CHANGELOG, MEASURES):
            admin.create_topic(TopicSettings(name=name, partitions=1, replication_factor=1, config={}))
    journal = TransactionJournal(
        JournalTarget(stoppable_apache_kafka.bootstrap, "silent", CHANGELOG, 0, 1_048_588), Failpoints()
    )
    await journal.claim()
    stoppable_apache_kafka.pause()
    stuck = asyncio.create_task(journal.commit(changes("silent", 10)))
    await asyncio.wait({stuck}, timeout=1)

    try:
        async with asyncio.timeout(20):
            await journal.close()
    finally:
        stoppable_apache_kafka.resume()

    stuck.cancel()
    assert [record.key for record in await read_topic(stoppable_apache_kafka.bootstrap, CHANGELOG, 1)] == [CLAIM_KEY]
