"""Refused before a schema upgrade, replayed after it, counted once."""

import asyncio

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from streams.batch.load import load_files
from streams.contract.outputs import refusal_records
from streams.contract.topics import EVENT_REFUSED
from streams.domain.duration_bins import DAY, HOUR
from streams.domain.ledger import counters
from streams.domain.vocabulary import RefusalReason
from streams.edge.kafka_client.record_batch import OWN_TOPIC_LIMITS
from tests.support.events.examples import AT
from tests.support.kafka.raw_batches import put_all
from tests.support.kafka.record_batches import ZSTD, Header, batch, record
from tests.support.ledger.totals import Stored, of_file, reports, totals
from tests.support.process.admin_terminal import Terminal
from tests.support.process.chain import Chain, Make
from tests.support.process.ledger_worker import Yesterday, worked
from tests.support.process.misplaced_events import PARTITIONS, REPORTS, publish_misplaced
from tests.support.simulation.recent_history import lines_of, plan_of

pytestmark = pytest.mark.apache  # `production` runs there

PLAN = plan_of(reports=200, weeks=1)
DUE = PLAN.end_ms + 4 * DAY


def upgraded(production: Make) -> Chain:
    """Return a chain on which yesterday's worker has refused every seventh filing."""
    chain = production("apache_kafka", 2)
    Terminal(chain.environment()).done("admin", "apply", "--replication=1")
    chain.publish(lines_of(PLAN))
    worked(chain, DUE, Yesterday)
    return chain


def duplicates(stored: Stored, chain: Chain) -> int:
    told = totals(stored, chain.registry.partitions).counted
    return sum(tally.get(counters.DUPLICATES, 0) for tally in told.values())


def delete_before(chain: Chain, topic: str, partition: int, offset: int) -> None:
    async def delete() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=chain.bootstrap)
        await admin.start()
        await admin.delete_records({TopicPartition(topic, partition): RecordsToDelete(before_offset=offset)})
        await admin.close()

    asyncio.run(delete())


def test_what_was_refused_before_an_upgrade_counts_once_after_two_replays(production: Make) -> None:
    chain = upgraded(production)
    refusals = [refusal_records.decode_refusal(record.value or b"").data for record in chain.read(EVENT_REFUSED)]
    operator = Terminal(chain.environment())

    dry = operator.done("replay", "--refused", "--dry-run")
    asked = operator.done("replay", "--refused", "--reason", "too_large")
    before = {topic: len(chain.read(topic)) for topic in chain.sources}
    first = operator.done("replay", "--refused")
    second = operator.done("replay", "--refused", "--reason", RefusalReason.UNKNOWN_FIELD)
    now = worked(chain, DUE)

    assert refusals
    assert {refusal.reason for refusal in refusals} == {RefusalReason.UNKNOWN_FIELD}
    assert dry.endswith("nothing was published (dry run)\n")
    assert asked.endswith("published again: 0\n")
    assert first.endswith(f"published again: {len(refusals)}\n")
    assert second == first
    added = {topic: len(chain.read(topic)) - before[topic] for topic in chain.sources}
    assert added == {chain.sources[0]: 0, chain.sources[1]: 2 * len(refusals)}
    expected = of_file(load_files(lines_of(PLAN), chain.registry), now)
    committed = chain.stored(chain.names.changelog)
    assert reports(committed) == reports(expected)
    assert totals(committed).cohorts == totals(expected, chain.registry.partitions).cohorts
    assert duplicates(committed, chain) - duplicates(expected, chain) == len(refusals)


def test_what_lay_on_a_wrong_partition_counts_after_a_replay(production: Make) -> None:
    chain = production("apache_kafka", PARTITIONS)
    operator = Terminal(chain.environment())
    operator.done("admin", "apply", "--replication=1")
    astray = publish_misplaced(chain)
    worked(chain, AT + HOUR)

    told = operator.done("replay", "--refused", "--reason", RefusalReason.WRONG_PARTITION)
    worked(chain, AT + HOUR)

    counted = totals(chain.stored(chain.names.changelog), PARTITIONS).counted
    assert told.endswith(f"published again: {len(astray)}\n")
    assert sum(tally.get(counters.FILED, 0) for tally in counted.values()) == REPORTS


def test_where_nobody_tells_refusals_a_replay_says_so_at_once(production: Make) -> None:
    chain = production("apache_kafka", 2)

    told = Terminal(chain.environment()).run("replay", "--refused", "--dry-run")

    assert told.exit_code == 1
    assert f"{EVENT_REFUSED}: expected a topic with 2 partitions, found none" in told.output


def test_what_tells_of_no_refusal_or_cannot_be_read_is_passed_and_counted(production: Make) -> None:
    chain = production("apache_kafka", 2)
    operator = Terminal(chain.environment())
    operator.done("admin", "apply", "--replication=1")
    strange = [
        batch([record(0, b"no refusal")], Header(attributes=0)),
        batch([record(0, b" " * (OWN_TOPIC_LIMITS.max_bytes + 1))], Header(attributes=0), ZSTD),
    ]
    put = asyncio.run(put_all(chain.bootstrap, [(TopicPartition(EVENT_REFUSED, 1), one) for one in strange]))

    told = operator.done("replay", "--refused", "--dry-run")

    assert [one.error for one in put] == [0, 0]
    assert "skipped 2 records or batches of event-refused that are no refusals or cannot be read" in told


@pytest.mark.slow
def test_what_the_source_no_longer_has_is_told_as_gone(production: Make) -> None:
    chain = upgraded(production)
    places = [refusal_records.decode_refusal(record.value or b"").data for record in chain.read(EVENT_REFUSED)]
    first = min((place for place in places if place.partition == 0), key=lambda place: place.offset)
    delete_before(chain, first.topic, first.partition, first.offset + 1)

    told = Terminal(chain.environment()).done("replay", "--refused", "--dry-run").splitlines()

    assert told[1].split() == ["unknown_field", str(len(places) - 1), "0", "1", "0"]
