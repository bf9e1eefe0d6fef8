"""Filings and actions of a client whose partitioner is not Kafka's default."""

import asyncio
from typing import Final
from zlib import crc32

from streams.contract.events.keys import record_key, report_token
from streams.contract.events.schema.action_data import NoViolation
from streams.contract.events.schema.envelope import AnyEvent, encode_structured, report_event
from streams.contract.events.schema.event_data import ReportFiled
from streams.contract.registry.registry import Role
from streams.contract.topics import partition_of
from streams.domain.duration_bins import HOUR, MINUTE
from streams.domain.vocabulary import Basis, Channel, Harm, Reporter
from tests.support.events.examples import AT, SECRET
from tests.support.kafka.async_records import running_producer
from tests.support.process.chain import Chain

PARTITIONS: Final = 4
REPORTS: Final = 1_280
PLATFORM: Final = "harbor"
FILING_DATA: Final = ReportFiled(
    harm=Harm.GROOMING,
    reporter=Reporter.USER,
    trusted_flagger=False,
    channel=Channel.IN_APP,
    basis=Basis.TERMS,
    jurisdictions=("FR",),
)
KEYS: Final = [record_key(PLATFORM, report_token(SECRET, "k1", f"report {number}")) for number in range(REPORTS)]

RecordPosition = tuple[str, int, int]


def build_event(number: int, data: ReportFiled | NoViolation, at: int) -> AnyEvent:
    """Return an event about a report."""
    name = f"{type(data).__name__}-{number:05}"
    return report_event(
        data, platform=PLATFORM, token=KEYS[number].decode().rpartition("|")[2], id=name, occurred_at=at
    )


def publish_misplaced(chain: Chain) -> set[RecordPosition]:
    """Publish filings, then actions, as librdkafka's default partitioner would (CRC-32); return where those astray lie."""
    return asyncio.run(_publish(chain))


async def _publish(chain: Chain) -> set[RecordPosition]:
    topics = {role: next(topic for topic in chain.sources if topic.endswith(role)) for role in Role}
    lines: dict[Role, tuple[ReportFiled | NoViolation, int]] = {
        Role.REPORT_FILED: (FILING_DATA, AT),
        Role.ACTION_TAKEN: (NoViolation(), AT + HOUR),
    }
    astray = set()
    async with running_producer(chain.bootstrap) as producer:
        for role, (data, at) in lines.items():
            sent = [
                await producer.send(
                    topics[role],
                    encode_structured(build_event(number, data, at)),
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


def events_on_own_partition() -> int:
    """Return of how many reports the events lie on the right partition by chance."""
    return sum(crc32(key) % PARTITIONS == partition_of(key, PARTITIONS) for key in KEYS)
