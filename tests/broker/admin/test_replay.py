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
from tests.support.kafka.raw_batches import send_batches
from tests.support.kafka.record_batches import ZSTD, BatchHeader, batch_bytes, record_bytes
from tests.support.ledger.totals import StoredRows, ledger_totals, report_rows, totals_of_file
from tests.support.process.admin_terminal import AdminTerminal
from tests.support.process.chain import Chain, ChainFactory
from tests.support.process.ledger_worker import PreviousDecoder, run_until_due
from tests.support.process.misplaced_events import PARTITIONS, REPORTS, publish_misplaced
from tests.support.simulation.recent_history import event_lines, recent_plan

pytestmark = pytest.mark.apache  # `production` runs there

PLAN = recent_plan(reports=200, weeks=1)
DUE = PLAN.end_ms + 4 * DAY


def run_old_then_new_decoder(production: ChainFactory) -> Chain:
    """Return a chain on which yesterday's worker has refused every seventh filing."""
    chain = production("apache_kafka", 2)
    AdminTerminal(chain.environment()).run_successfully("admin", "apply", "--replication=1")
    chain.publish(event_lines(PLAN))
    run_until_due(chain, DUE, PreviousDecoder)
    return chain


def duplicates(stored: StoredRows, chain: Chain) -> int:
    totals = ledger_totals(stored, chain.registry.partitions).counters
    return sum(tally.get(counters.DUPLICATES, 0) for tally in totals.values())


def delete_before(chain: Chain, topic: str, partition: int, offset: int) -> None:
    async def delete() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=chain.bootstrap)
        await admin.start()
        await admin.delete_records({TopicPartition(topic, partition): RecordsToDelete(before_offset=offset)})
        await admin.close()

    asyncio.run(delete())


def test_what_was_refused_before_an_upgrade_counts_once_after_two_replays(contract_topics_chain: ChainFactory) -> None:
    chain = run_old_then_new_decoder(contract_topics_chain)
    refusals = [
        refusal_records.decode_refusal(record.value or b"").data for record in chain.read_committed(EVENT_REFUSED)
    ]
    operator = AdminTerminal(chain.environment())

    dry = operator.run_successfully("replay", "--refused", "--dry-run")
    asked = operator.run_successfully("replay", "--refused", "--reason", "too_large")
    before = {topic: len(chain.read_committed(topic)) for topic in chain.sources}
    first = operator.run_successfully("replay", "--refused")
    second = operator.run_successfully("replay", "--refused", "--reason", RefusalReason.UNKNOWN_FIELD)
    now = run_until_due(chain, DUE)

    assert refusals
    assert {refusal.reason for refusal in refusals} == {RefusalReason.UNKNOWN_FIELD}
    assert dry.endswith("nothing was published (dry run)\n")
    assert asked.endswith("published again: 0\n")
    assert first.endswith(f"published again: {len(refusals)}\n")
    assert second == first
    added = {topic: len(chain.read_committed(topic)) - before[topic] for topic in chain.sources}
    assert added == {chain.sources[0]: 0, chain.sources[1]: 2 * len(refusals)}
    expected = totals_of_file(load_files(event_lines(PLAN), chain.registry), now)
    committed = chain.stored(chain.names.changelog)
    assert report_rows(committed) == report_rows(expected)
    assert ledger_totals(committed).cohorts == ledger_totals(expected, chain.registry.partitions).cohorts
    assert duplicates(committed, chain) - duplicates(expected, chain) == len(refusals)


def test_what_lay_on_a_wrong_partition_counts_after_a_replay(contract_topics_chain: ChainFactory) -> None:
    chain = contract_topics_chain("apache_kafka", PARTITIONS)
    operator = AdminTerminal(chain.environment())
    operator.run_successfully("admin", "apply", "--replication=1")
    astray = publish_misplaced(chain)
    run_until_due(chain, AT + HOUR)

    output = operator.run_successfully("replay", "--refused", "--reason", RefusalReason.WRONG_PARTITION)
    run_until_due(chain, AT + HOUR)

    counted = ledger_totals(chain.stored(chain.names.changelog), PARTITIONS).counters
    assert output.endswith(f"published again: {len(astray)}\n")
    assert sum(tally.get(counters.FILED, 0) for tally in counted.values()) == REPORTS


def test_where_nobody_tells_refusals_a_replay_says_so_at_once(contract_topics_chain: ChainFactory) -> None:
    chain = contract_topics_chain("apache_kafka", 2)

    output = AdminTerminal(chain.environment()).run("replay", "--refused", "--dry-run")

    assert output.exit_code == 1
    assert f"{EVENT_REFUSED}: expected a topic with 2 partitions, found none" in output.output


def test_what_tells_of_no_refusal_or_cannot_be_read_is_passed_and_counted(contract_topics_chain: ChainFactory) -> None:
    chain = contract_topics_chain("apache_kafka", 2)
    operator = AdminTerminal(chain.environment())
    operator.run_successfully("admin", "apply", "--replication=1")
    strange = [
        batch_bytes([record_bytes(0, b"no refusal")], BatchHeader(attributes=0)),
        batch_bytes([record_bytes(0, b" " * (OWN_TOPIC_LIMITS.max_bytes + 1))], BatchHeader(attributes=0), ZSTD),
    ]
    put = asyncio.run(send_batches(chain.bootstrap, [(TopicPartition(EVENT_REFUSED, 1), one) for one in strange]))

    output = operator.run_successfully("replay", "--refused", "--dry-run")

    assert [one.error for one in put] == [0, 0]
    assert "skipped 2 records or batches of event-refused that are no refusals or cannot be read" in output


@pytest.mark.slow
def test_what_the_source_no_longer_has_is_reported_as_gone(contract_topics_chain: ChainFactory) -> None:
    chain = run_old_then_new_decoder(contract_topics_chain)
    places = [
        refusal_records.decode_refusal(record.value or b"").data for record in chain.read_committed(EVENT_REFUSED)
    ]
    first = min((place for place in places if place.partition == 0), key=lambda place: place.offset)
    delete_before(chain, first.topic, first.partition, first.offset + 1)

    output = AdminTerminal(chain.environment()).run_successfully("replay", "--refused", "--dry-run").splitlines()

    assert output[1].split() == ["unknown_field", str(len(places) - 1), "0", "1", "0"]
