"""Reading refused records again where they lie, and publishing those that are accepted now."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from aiokafka import AIOKafkaProducer

from streams.admin.errors import OperatingError
from streams.admin.provisioning.cluster import ClusterAdmin
from streams.admin.replay.selection import (
    RecordDecoder,
    ReplayCounts,
    ReplayedRecord,
    ReplayResult,
    Selection,
    Slot,
    check_record,
    fingerprint,
    replayed_record,
    select_records,
)
from streams.admin.topic_reader import BrokerAddress, open_log
from streams.contract.outputs import refusal_records
from streams.contract.outputs.refusal_records import StoredRefusal
from streams.contract.registry.registry import Registry
from streams.contract.topics import EVENT_REFUSED, partition_of
from streams.domain.vocabulary import Reason
from streams.runtime.topic_checks.differences import partition_faults

_MAX_IN_FLIGHT: Final = 1_000


class ReplayRequest(NamedTuple):
    """Where and how to replay; `now` in epoch milliseconds; with `own_stamps` records keep their senders' stamps."""

    address: BrokerAddress
    registry: Registry
    decoder: RecordDecoder
    now: int
    keeps_timestamps: bool
    topic: str = EVENT_REFUSED


class ReplaySummary(NamedTuple):
    """What was found, what was left out, how many records were published again, and how many told of no refusal."""

    counts: ReplayCounts
    left_out: Mapping[Reason, int]
    published: int
    unreadable: int


@dataclass
class _Republisher:
    """Publishes records, each content once; without a producer it only counts."""

    producer: AIOKafkaProducer | None
    keeps_timestamps: bool
    partitions: int
    fingerprints: set[bytes] = field(default_factory=set)
    in_flight: list[asyncio.Future[object]] = field(default_factory=list)

    async def publish(self, record: ReplayedRecord) -> None:
        if self.producer is None or fingerprint(record) in self.fingerprints:
            return
        self.fingerprints.add(fingerprint(record))
        future = await self.producer.send(
            record.topic,
            value=record.value,
            key=record.key,
            # Not where it lay: that may be what it was refused for.
            partition=partition_of(record.key or b"", self.partitions),
            timestamp_ms=record.timestamp if self.keeps_timestamps else None,
            headers=list(record.headers or ()),
        )
        self.in_flight.append(future)
        if len(self.in_flight) >= _MAX_IN_FLIGHT:
            await self.flush()

    async def flush(self) -> None:
        await asyncio.gather(*self.in_flight)
        self.in_flight.clear()


async def replay(request: ReplayRequest, selection: Selection, *, is_dry_run: bool) -> ReplaySummary:
    """Read again what was refused, and publish what is accepted now; `dry`: only count."""
    found, idempotent = await asyncio.to_thread(_check_topics, request)
    refusals, strange = await _read_refusals(request)
    choice = select_records(refusals, selection)
    tally = ReplayCounts()
    async with AsyncExitStack() as stack:
        producer = None
        if not is_dry_run:
            producer = AIOKafkaProducer(
                bootstrap_servers=request.address.bootstrap,
                acks="all",
                enable_idempotence=idempotent,
                **request.address.access.client_options(),
            )
            stack.push_async_callback(producer.stop)  # also of one that could not start
            await producer.start()
        outlet = _Republisher(
            producer, keeps_timestamps=request.keeps_timestamps, partitions=request.registry.partitions
        )
        for slot, places in choice.by_partition.items():
            if slot.topic in found:
                await _replay_partition(request, slot, places, tally, outlet)
            else:
                _count_gone(places, tally)
        await outlet.flush()
    return ReplaySummary(tally, choice.left_out, len(outlet.fingerprints), strange)


def _check_topics(request: ReplayRequest) -> tuple[frozenset[str], bool]:
    """Return the source topics that are there, and whether the broker knows producers again.

    Raises OperatingError where refusals are not told in as many partitions as the registry says.
    """
    with ClusterAdmin(request.address.bootstrap, request.address.access) as cluster:
        found = cluster.describe_topics((request.topic, *request.registry.source_topics()))
        if faults := partition_faults([request.topic], request.registry.partitions, found):
            raise OperatingError("\n".join(faults))
        return frozenset(found) - {request.topic}, cluster.has_transactions()


async def _read_refusals(request: ReplayRequest) -> tuple[list[StoredRefusal], int]:
    """Return what was refused, and how many records and batches on the topic of refusals are none or cannot be read."""
    found: list[StoredRefusal] = []
    strange = 0
    for number in range(request.registry.partitions):
        async with open_log(request.address, request.topic, number) as log:
            async for record in log.records():
                try:
                    found.append(refusal_records.decode_refusal(record.value or b""))
                except ValueError:
                    strange += 1
    return found, strange


async def _replay_partition(
    request: ReplayRequest,
    slot: Slot,
    refusals: Mapping[int, StoredRefusal],
    counts: ReplayCounts,
    republisher: _Republisher,
) -> None:
    """Judge the refused records of one partition."""
    seen = set()
    async with open_log(request.address, slot.topic, slot.partition) as log:
        async for record in log.records_at(refusals):
            refusal = refusals[record.offset]
            again = replayed_record(record, refusal, None if request.keeps_timestamps else request.now)
            if again is None:
                continue
            seen.add(record.offset)
            what = check_record(request.decoder, again, counts, request.now)
            counts.add(refusal, what)
            if what is ReplayResult.ACCEPTED:
                await republisher.publish(again)
    _count_gone({offset: refusal for offset, refusal in refusals.items() if offset not in seen}, counts)


def _count_gone(refusals: Mapping[int, StoredRefusal], counts: ReplayCounts) -> None:
    for refusal in refusals.values():
        counts.add(refusal, ReplayResult.GONE)
