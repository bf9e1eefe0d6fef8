"""Many records quickly: filings and decisions from templates, keys on their right partitions, in large record batches."""

import asyncio
import random
from base64 import urlsafe_b64encode
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import numpy as np
from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder

from streams.contract.events.schema.action_data import NoViolation
from streams.contract.events.schema.envelope import ActionTakenEvent, ReportFiledEvent, encode_structured
from streams.contract.events.schema.event_data import ReportFiled
from streams.contract.registry.registry import Role
from streams.contract.timestamps import format_timestamp
from streams.domain.duration_bins import HOUR
from streams.domain.vocabulary import Basis, Channel, Harm, Reporter

BATCH_BYTES: Final = 512 * 1024
OPEN_AGE_MS: Final = 20 * HOUR
"""How long a report waits for its decision."""
_SUBJECT: Final = "aa_" + "x" * 43
_ID: Final = "i" * 16
_TIME: Final = format_timestamp(0)
_RECORDS_PER_SEND: Final = 10_000
_FILED: Final = ReportFiled(
    harm=Harm.BULLYING,
    reporter=Reporter.USER,
    trusted_flagger=False,
    channel=Channel.IN_APP,
    basis=Basis.TERMS,
    jurisdictions=("FR",),
)


class GeneratedRecord(NamedTuple):
    """A record for a topic: what the producer is given."""

    topic: str
    partition: int
    key: bytes
    value: bytes
    logged_ms: int | None = None


class GeneratedPeriod(NamedTuple):
    """So many reports, each decided `OPEN_AGE_MS` after its filing, over the time from `start` to `end`."""

    reports: int
    start: int
    end: int


class EventTemplate:
    """Filings and decisions of one platform, differing in subject, id and time."""

    def __init__(self, platform: str) -> None:
        self.platform = platform.encode()
        source = f"/platforms/{platform}"
        filed = ReportFiledEvent(specversion="1.0", id=_ID, source=source, time=_TIME, subject=_SUBJECT, data=_FILED)
        taken = ActionTakenEvent(
            specversion="1.0", id=_ID, source=source, time=_TIME, subject=_SUBJECT, data=NoViolation()
        )
        self._filed, self._action = _split_template(encode_structured(filed)), _split_template(encode_structured(taken))

    def filing(self, key: bytes, number: int, at_ms: int) -> bytes:
        """Return the filing of a report."""
        return _fill_template(self._filed, key, b"f%015d" % number, at_ms)

    def action(self, key: bytes, number: int, at_ms: int) -> bytes:
        """Return the decision on a report."""
        return _fill_template(self._action, key, b"a%015d" % number, at_ms)


def _split_template(encoded: bytes) -> bytes:
    for known, place in ((_SUBJECT, b"%(subject)b"), (_ID, b"%(id)b"), (_TIME, b"%(time)b")):
        assert encoded.count(known.encode()) == 1, "every part of the template stands once"
        encoded = encoded.replace(known.encode(), place)
    return encoded


def _fill_template(template: bytes, key: bytes, number: bytes, at_ms: int) -> bytes:
    return template % {b"subject": key[-len(_SUBJECT) :], b"id": number, b"time": format_timestamp(at_ms).encode()}


def keys(platform: bytes, partitions: int, seed: int) -> Iterator[tuple[int, bytes]]:
    """Yield keys that nobody has used, with their partitions, without end."""
    numbers = random.Random(seed)
    while True:
        made = [
            b"%s|aa_%s" % (platform, urlsafe_b64encode(numbers.randbytes(32))[:43]) for _ in range(_RECORDS_PER_SEND)
        ]
        yield from zip(partition_numbers(made, partitions), made, strict=True)


def partition_numbers(made: list[bytes], partitions: int) -> list[int]:
    """Return what `partition_of` returns for keys of equal length, many at once."""
    length = len(made[0])
    bytes_of = np.frombuffer(b"".join(made), np.uint8).reshape(len(made), length).astype(np.uint32)
    multiplier = np.uint32(0x5BD1E995)
    state = np.full(len(made), 0x9747B28C ^ length, np.uint32)
    for start in range(0, length & ~3, 4):
        word = sum(bytes_of[:, start + place] << np.uint32(8 * place) for place in range(4)) * multiplier
        state = state * multiplier ^ (word ^ word >> np.uint32(24)) * multiplier
    for place in reversed(range(length & 3)):
        state ^= bytes_of[:, (length & ~3) + place] << np.uint32(8 * place)
    if length & 3:
        state *= multiplier
    state = (state ^ state >> np.uint32(13)) * multiplier
    state ^= state >> np.uint32(15)
    return [int(one) for one in (state & np.uint32(0x7FFFFFFF)) % partitions]


def generate_history(
    platforms: Iterable[str], span: GeneratedPeriod, topics: dict[Role, str], partitions: int
) -> Iterator[GeneratedRecord]:
    """Yield filings and decisions in the order of their times."""
    templates = [EventTemplate(name) for name in platforms]
    sources = [keys(one.platform, partitions, seed) for seed, one in enumerate(templates)]
    step = (span.end - span.start) / max(span.reports, 1)
    waiting: deque[tuple[int, int, bytes, EventTemplate, int]] = deque()
    for number in range(span.reports):
        at = int(span.start + number * step)
        while waiting and waiting[0][0] <= at:
            yield _action_record(topics, *waiting.popleft())
        template = templates[number % len(templates)]
        partition, key = next(sources[number % len(sources)])
        yield GeneratedRecord(topics[Role.REPORT_FILED], partition, key, template.filing(key, number, at), at)
        waiting.append((at + OPEN_AGE_MS, partition, key, template, number))
    while waiting:
        yield _action_record(topics, *waiting.popleft())


def _action_record(  # noqa: PLR0913, PLR0917
    topics: dict[Role, str], at: int, partition: int, key: bytes, template: EventTemplate, number: int
) -> GeneratedRecord:
    return GeneratedRecord(topics[Role.ACTION_TAKEN], partition, key, template.action(key, number, at), at)


async def send(bootstrap: str, records: Iterable[GeneratedRecord]) -> int:
    """Send records in order, in large batches, and return how many."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_batch_size=BATCH_BYTES)
    await producer.start()
    filling: dict[tuple[str, int], BatchBuilder] = {}
    sent = 0
    try:
        for record in records:
            sent += 1
            place = (record.topic, record.partition)
            batch = filling.get(place) or filling.setdefault(place, producer.create_batch())
            if batch.append(key=record.key, value=record.value, timestamp=record.logged_ms) is None:
                await producer.send_batch(batch, record.topic, partition=record.partition)
                batch = filling[place] = producer.create_batch()
                batch.append(key=record.key, value=record.value, timestamp=record.logged_ms)
        last = [await producer.send_batch(batch, topic, partition=part) for (topic, part), batch in filling.items()]
        await asyncio.gather(*last)
    finally:
        await producer.stop()
    return sent
