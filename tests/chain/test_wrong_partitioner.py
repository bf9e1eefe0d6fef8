"""A client with another partitioner than Kafka's: what lies on a wrong partition is refused, and its publisher sees it."""

import asyncio
from collections import Counter
from zlib import crc32

import pytest

from streams.contract import refused
from streams.contract.cloudevents import AnyEvent, about_report, encode
from streams.contract.keys import record_key, token
from streams.contract.outcomes import NoViolation
from streams.contract.registry import Role
from streams.contract.topics import partition_of
from streams.contract.types import ReportFiled
from streams.domain import counters
from streams.domain.grid import HOUR, MINUTE
from streams.domain.vocabulary import Basis, Channel, Harm, Reason, Reporter
from tests.chain.chain import Chain, Make
from tests.chain.totals import totals
from tests.contract.examples import AT, SECRET
from tests.runtime.records import producing

pytestmark = pytest.mark.integration

PARTITIONS, REPORTS = 4, 1_280
PLATFORM = "harbor"
FILED = ReportFiled(
    harm=Harm.GROOMING,
    reporter=Reporter.USER,
    trusted_flagger=False,
    channel=Channel.IN_APP,
    basis=Basis.TERMS,
    jurisdictions=("FR",),
)
KEYS = [record_key(PLATFORM, token(SECRET, "k1", f"report {number}")) for number in range(REPORTS)]

Place = tuple[str, int, int]


def event(number: int, data: ReportFiled | NoViolation, at: int) -> AnyEvent:
    """Return an event about a report."""
    name = f"{type(data).__name__}-{number:05}"
    return about_report(data, platform=PLATFORM, token=KEYS[number].decode().rpartition("|")[2], id=name, at=at)


async def publish(chain: Chain) -> set[Place]:
    """Publish filings, then actions, as librdkafka's default partitioner would (CRC-32); return where those astray lie."""
    topics = {role: next(topic for topic in chain.sources if topic.endswith(role)) for role in Role}
    told: dict[Role, tuple[ReportFiled | NoViolation, int]] = {
        Role.REPORT_FILED: (FILED, AT),
        Role.ACTION_TAKEN: (NoViolation(), AT + HOUR),
    }
    astray = set()
    async with producing(chain.bootstrap) as producer:
        for role, (data, at) in told.items():
            sent = [
                await producer.send(
                    topics[role],
                    encode(event(number, data, at)),
                    key=key,
                    partition=crc32(key) % PARTITIONS,
                    timestamp_ms=at + MINUTE,
                )
                for number, key in enumerate(KEYS)
            ]
            arrived = [await future for future in sent]
            astray |= {
                (one.topic, one.partition, one.offset)
                for one, key in zip(arrived, KEYS, strict=True)
                if one.partition != partition_of(key, PARTITIONS)
            }
    return astray


@pytest.mark.parametrize("broker", ["apache_kafka", pytest.param("embedded_broker", marks=pytest.mark.slow)])
def test_all_that_a_wrong_partitioner_puts_astray_is_refused_and_told_and_the_rest_is_counted(
    apart: Make, broker: str
) -> None:
    chain = apart(broker, partitions=PARTITIONS)
    worker = chain.worker()

    astray = asyncio.run(publish(chain))
    chain.settled(AT + HOUR)
    assert worker.terminate() == 0, chain.logs()

    at_home = sum(crc32(key) % PARTITIONS == partition_of(key, PARTITIONS) for key in KEYS)
    told = [refused.decode(record.value).refused for record in chain.read(chain.names.refused) if record.value]
    counted = Counter[str]()
    for tally in totals(chain.stored(chain.names.measures)).counted.values():
        counted.update(tally)
    assert 0 < at_home < REPORTS / 2
    assert counted[counters.FILED] == at_home
    assert counted[counters.refused(Reason.WRONG_PARTITION)] == len(astray) == 2 * (REPORTS - at_home)
    assert {(one.topic, one.partition, one.offset) for one in told} == astray
    assert {(one.reason, one.platform) for one in told} == {(Reason.WRONG_PARTITION, PLATFORM)}
