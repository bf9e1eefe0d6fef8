"""A million records, each a good or a bad one changed in a few places, through a real worker: as a plain fold has them."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import islice
from random import Random
from typing import Final

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder

from streams.contract.events import keys
from streams.contract.events.decoder import EventDecoder, Refusal
from streams.contract.events.schema.envelope import encode_structured
from streams.contract.outputs.row_codec import MessagePackCodec
from streams.contract.packs.ledger_config import ledger_config
from streams.contract.registry.registry import Role
from streams.contract.topics import partition_of
from streams.domain.ledger import counters
from streams.domain.ledger.ledger import Ledger
from streams.domain.vocabulary import RefusalReason
from tests.support.events.examples import AT, SECRET, TOKEN, accepted_events
from tests.support.events.hostile_records import PLATFORMS
from tests.support.ledger.totals import REPORT_KEY_PREFIX, StoredRows, ledger_totals
from tests.support.process.chain import Chain, ChainFactory
from tests.tools.fuzz.seeds import mutated_inputs, seed_inputs
from tests.tools.fuzz.targets import Record, expected_key

pytestmark = pytest.mark.slow

PARTITIONS: Final = 8
RECORDS: Final = 1_000_000
NOW: Final = AT + 3_600_000
DECODER_REASONS: Final = frozenset(RefusalReason) - {
    *(
        RefusalReason.CONFLICT,
        RefusalReason.ORPHAN,
        RefusalReason.BAD_TIME,
        RefusalReason.TOO_MANY,
        RefusalReason.WRONG_PARTITION,
    )
}
"""Reasons that do not depend on the order of the two topics."""


def records(seed: int, count: int) -> Iterator[Record]:
    """Yield records, a third of them good; some are about the same report, some lie where their key does not belong.

    They are of all platforms, so that no platform has more orphans than may wait: beyond that order matters.
    """
    random, good = Random(seed), [encode_structured(event) for event in accepted_events()]
    beginning = [data for data in seed_inputs("decoder") if TOKEN.encode() in data]
    for number, changed in enumerate(mutated_inputs(beginning, count, seed)):
        data = random.choice(good) if random.random() < 1 / 3 else changed
        report = number // 6
        token = keys.report_token(SECRET, "k1", f"report {report}").encode()
        value = data.replace(TOKEN.encode(), token).replace(b"event-0001", b"event-%04d" % (number % 6))
        value = value.replace(b"/harbor", b"/" + PLATFORMS[report % len(PLATFORMS)].encode())
        key = expected_key(value) or b""
        partition = partition_of(key, PARTITIONS) if random.random() > 0.02 else random.randrange(PARTITIONS)
        role = Role.ACTION_TAKEN if b".action-taken." in value else Role.REPORT_FILED
        topic = role if random.random() > 0.02 else random.choice(list(Role))
        yield Record(topic, key, value, partition=partition, timestamp=NOW)


async def publish(chain: Chain, made: Iterator[Record]) -> None:
    """Put the records on the chain's topics, in large batches."""
    producer = AIOKafkaProducer(bootstrap_servers=chain.bootstrap, max_batch_size=512 * 1024)
    await producer.start()
    try:
        while part := list(islice(made, 20_000)):
            filling: dict[tuple[str, int], BatchBuilder] = {}
            for one in part:
                place = (f"{chain.application}-{one.topic}", one.partition)
                batch = filling.get(place) or filling.setdefault(place, producer.create_batch())
                if batch.append(key=one.key, value=one.value, timestamp=one.timestamp) is None:
                    await (await producer.send_batch(batch, place[0], partition=place[1]))
                    batch = filling[place] = producer.create_batch()
                    batch.append(key=one.key, value=one.value, timestamp=one.timestamp)
            for (topic, partition), batch in filling.items():
                await (await producer.send_batch(batch, topic, partition=partition))
    finally:
        await producer.stop()


def _is_on_own_partition(number: int, key: bytes) -> bool:
    return partition_of(key, PARTITIONS) == number


def reference_rows(chain: Chain, now: int) -> tuple[list[tuple[int, bytes, bytes]], Counter[str]]:
    """Return the rows of a plain fold of what lies on the topics at `now`, and its refusals at the door by reason."""
    decoder, rules, refused = EventDecoder(chain.registry), ledger_config(chain.registry), Counter[str]()
    ledgers = [Ledger(rules, MessagePackCodec(), partial(_is_on_own_partition, number)) for number in range(PARTITIONS)]
    for one in records(5, RECORDS):
        found = decoder.decode(one._replace(topic=f"{chain.application}-{one.topic}"))
        if isinstance(found, Refusal):
            refused[found.reason] += 1
        else:
            ledgers[one.partition].apply(found)
    for ledger in ledgers:
        ledger.advance(now)
    rows = [(number, *row) for number, ledger in enumerate(ledgers) for row in ledger.drain_changes().items()]
    return [(number, key, value) for number, key, value in rows if value is not None], refused


def reports(stored: StoredRows) -> dict[tuple[int, bytes], bytes]:
    """Return the row of every report by where it lies."""
    return {(partition, key): value for partition, key, value in stored if key.startswith(REPORT_KEY_PREFIX)}


def test_a_million_mutated_records_come_to_what_a_plain_fold_has(own_topics_chain: ChainFactory) -> None:
    chain = own_topics_chain("apache_kafka", partitions=PARTITIONS)
    asyncio.run(publish(chain, records(5, RECORDS)))

    worker = chain.start_worker()
    now = chain.wait_until_applied(NOW)
    assert worker.terminate() == 0, chain.logs()

    rows, at_the_door = reference_rows(chain, now)
    kept = chain.stored(chain.names.changelog)
    assert RECORDS / 4 < sum(at_the_door.values()) < RECORDS * 3 / 4
    assert reports(kept) == reports(rows)
    assert ledger_totals(kept).cohorts == ledger_totals(rows).cohorts
    counted = Counter[str]()
    for tally in ledger_totals(kept).counters.values():
        counted.update(tally)
    assert {reason: counted[counters.refused(reason)] for reason in DECODER_REASONS} == {
        reason: at_the_door[reason] for reason in DECODER_REASONS
    }
    assert counted[counters.refused(RefusalReason.INTERNAL)] == 0
