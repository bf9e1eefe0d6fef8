"""Hostile records among good ones, through a real worker: each is refused for its reason, and nothing of it is kept."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

import pytest

from streams.batch.load import load_files
from streams.contract.outputs import refusal_records
from streams.contract.timestamps import parse_timestamp
from streams.domain.duration_bins import DAY
from streams.domain.ledger import counters
from streams.domain.vocabulary import RefusalReason
from tests.support.events.hostile_records import CANARY, PARTITIONS, HostileCase, hostile_records
from tests.support.kafka.async_records import running_producer
from tests.support.ledger.totals import LedgerTotals, ledger_totals, report_rows, totals_of_file
from tests.support.process.chain import Chain, ChainFactory
from tests.support.simulation.recent_history import event_lines, recent_plan
from tests.support.waiting import wait_until

PLAN = recent_plan(reports=600, weeks=1)
DUE = PLAN.end_ms + 4 * DAY
HOSTILE, BATCHES = 10_000, 10
REFUSED = counters.refused(RefusalReason.NOT_JSON).partition("|")[0] + "|"

RecordPosition = tuple[str, int, int]


def line_groups(lines: tuple[bytes, ...]) -> Iterator[tuple[tuple[bytes, ...], list[HostileCase]]]:
    """Yield good lines, each time with hostile records that are told with the last of them."""
    edges = [len(lines) * place // BATCHES for place in range(BATCHES + 1)]
    for seed, (begin, end) in enumerate(pairwise(edges)):
        good = lines[begin:end]
        yield good, list(hostile_records(seed, HOSTILE // BATCHES, recorded_at(good[-1])))


def recorded_at(line: bytes) -> int:
    """Return when a line was told, in epoch milliseconds."""
    return parse_timestamp(line.partition(b'"recordedtime":"')[2].partition(b'"')[0].decode())


async def publish_hostile_records(chain: Chain, records: Iterable[HostileCase]) -> dict[RecordPosition, RefusalReason]:
    """Send hostile records to the chain's topics; return the reason of each by where it lies."""
    topics = {topic.removeprefix(f"{chain.application}-"): topic for topic in chain.sources}
    sent = []
    async with running_producer(chain.bootstrap, max_request_size=1 << 18) as producer:
        for record, reason, _ in records:
            future = await producer.send(
                topics[record.topic],
                key=record.key,
                value=record.value,
                partition=record.partition,
                timestamp_ms=record.timestamp,
                headers=list(record.headers),
            )
            sent.append((future, reason))
        arrived = [(await future, reason) for future, reason in sent]
    return {(at.topic, at.partition, at.offset): reason for at, reason in arrived}


def refusals(chain: Chain) -> list[tuple[RecordPosition, RefusalReason]]:
    """Return where what was refused lies, and why."""
    values = [record.value for record in chain.read_committed(chain.names.refusals)]
    found = [refusal_records.decode_refusal(value).data for value in values if value is not None]
    return [((one.topic, one.partition, one.offset), one.reason) for one in found]


def without_refusals(whole: LedgerTotals) -> dict[bytes, dict[str, int]]:
    """Return what was counted apart from refusals, of whom anything else was counted."""
    plain = {
        key: {name: count for name, count in tally.items() if not name.startswith(REFUSED)}
        for key, tally in whole.counters.items()
    }
    return {key: tally for key, tally in plain.items() if tally}


def refused_by_reason(whole: LedgerTotals) -> Counter[str]:
    """Return how many refusals were counted for each reason, over all platforms."""
    counted: Counter[str] = Counter()
    for tally in whole.counters.values():
        counted.update({name.removeprefix(REFUSED): count for name, count in tally.items() if name.startswith(REFUSED)})
    return counted


def find_leaks(chain: Chain) -> list[str]:
    """Return which of the topics that a worker writes hold something of a hostile record."""
    mark = CANARY.encode()
    return [
        topic
        for topic in chain.names
        if any(mark in record.key + (record.value or b"") for record in chain.read_committed(topic))
    ]


@pytest.mark.parametrize("broker", ["apache_kafka", pytest.param("embedded_broker", marks=pytest.mark.slow)])
def test_ten_thousand_hostile_records_are_refused_and_no_good_one_is_lost(
    own_topics_chain: ChainFactory, broker: str
) -> None:
    chain = own_topics_chain(broker, partitions=PARTITIONS)
    lines = event_lines(PLAN)
    expected: dict[RecordPosition, RefusalReason] = {}
    planted = 0
    worker = chain.start_worker()

    for good, hostile in line_groups(lines):
        chain.publish(good)
        expected |= asyncio.run(publish_hostile_records(chain, hostile))
        planted += sum(CANARY.encode() in (one.record.value or b"") for one in hostile)
    now = chain.wait_until_applied(DUE)
    page = worker.get_page("/metrics")
    assert worker.terminate() == 0, chain.logs()

    found = refusals(chain)
    assert len(expected) == HOSTILE
    assert dict(found) == expected
    assert len(found) == HOSTILE
    alone = totals_of_file(load_files(lines, chain.registry), now)
    wanted, measured = ledger_totals(alone, PARTITIONS), ledger_totals(chain.stored(chain.names.measures))
    assert measured.cohorts == wanted.cohorts
    assert without_refusals(measured) == without_refusals(wanted)
    assert refused_by_reason(measured) == Counter(expected.values())
    assert report_rows(chain.stored(chain.names.changelog)) == report_rows(alone)
    assert planted > HOSTILE / 4
    assert find_leaks(chain) == []
    assert CANARY not in worker.log.read_text(errors="replace") + page


@pytest.mark.slow
@pytest.mark.parametrize("failpoint", ["committed_not_published", "sent_not_committed"])
@pytest.mark.parametrize("broker", ["embedded_broker", "apache_kafka"])
def test_a_killed_worker_leaves_no_refusal_untold(own_topics_chain: ChainFactory, broker: str, failpoint: str) -> None:
    chain = own_topics_chain(broker, partitions=PARTITIONS)
    hostile = list(hostile_records(seed=77, count=1_000, now=PLAN.end_ms))
    expected = asyncio.run(publish_hostile_records(chain, hostile))

    killed = chain.start_worker(SAFECLOCK_FAILPOINT=f"{failpoint}:{PARTITIONS + 2}", SAFECLOCK_COMMIT_INTERVAL_MS="20")
    wait_until(lambda: killed.exit_code is not None, "the failpoint to be passed", chain.logs)
    worker = chain.start_worker()
    chain.wait_until_applied(DUE)
    assert worker.terminate() == 0, chain.logs()

    found = refusals(chain)
    assert dict(found) == expected
    assert broker == "embedded_broker" or len(found) == len(expected)
    assert refused_by_reason(ledger_totals(chain.stored(chain.names.measures))) == Counter(expected.values())
