"""Read refused records again from their source topics, and publish those that are accepted now."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from aiokafka import AIOKafkaProducer, TopicPartition

from streams.admin.errors import OperatingError
from streams.admin.provisioning.cluster import ClusterAdmin
from streams.admin.replay.selection import (
    ReplayCounts,
    ReplayedRecord,
    ReplayResult,
    Selection,
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
from streams.domain.vocabulary import RefusalReason
from streams.edge.kafka_client.producer_start import start_producer
from streams.runtime.partition.protocols import RecordDecoder
from streams.runtime.topic_checks.differences import partition_faults

_MAX_IN_FLIGHT: Final = 1_000
_START_SECONDS: Final = 60


class ReplayRequest(NamedTuple):
    """Where and how to replay; `now` in epoch milliseconds; `keeps_timestamps`: records keep their senders' timestamps."""

    address: BrokerAddress
    registry: Registry
    decoder: RecordDecoder
    now: int
    keeps_timestamps: bool
    topic: str = EVENT_REFUSED


class ReplaySummary(NamedTuple):
    """The result of a replay: counts, refusals left out by reason, records published, records that are no refusals."""

    counts: ReplayCounts
    left_out: Mapping[RefusalReason, int]
    published: int
    unreadable: int


@dataclass
class _Republisher:
    """Publish records, each content once; without a producer, publish nothing."""

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
            # The partition is computed again, since the record may have been refused for a wrong one.
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
    """Read the refused records again, and publish those that are accepted now; `is_dry_run`: only count."""
    found, is_idempotent = await asyncio.to_thread(_check_topics, request)
    refusals, unreadable = await _read_refusals(request)
    selected = select_records(refusals, selection)
    counts = ReplayCounts()
    async with AsyncExitStack() as stack:
        producer = None
        if not is_dry_run:
            producer = AIOKafkaProducer(
                bootstrap_servers=request.address.bootstrap,
                acks="all",
                enable_idempotence=is_idempotent,
                **request.address.access.client_options(),
            )
            stack.push_async_callback(producer.stop)  # a producer that could not start must be stopped, too
            await start_producer(producer, _START_SECONDS)
        republisher = _Republisher(
            producer, keeps_timestamps=request.keeps_timestamps, partitions=request.registry.partitions
        )
        for topic_partition, refusals_by_offset in selected.by_partition.items():
            if topic_partition.topic in found:
                await _replay_partition(request, topic_partition, refusals_by_offset, counts, republisher)
            else:
                _count_gone(refusals_by_offset, counts)
        await republisher.flush()
    return ReplaySummary(counts, selected.left_out, len(republisher.fingerprints), unreadable)


def _check_topics(request: ReplayRequest) -> tuple[frozenset[str], bool]:
    """Return the source topics that exist, and whether the broker supports idempotent producers.

    Raises OperatingError if the refusals topic has not as many partitions as the registry says.
    """
    with ClusterAdmin(request.address.bootstrap, request.address.access) as cluster:
        found = cluster.describe_topics((request.topic, *request.registry.source_topics()))
        if faults := partition_faults([request.topic], request.registry.partitions, found):
            raise OperatingError("\n".join(faults))
        return frozenset(found) - {request.topic}, cluster.has_transactions()


async def _read_refusals(request: ReplayRequest) -> tuple[list[StoredRefusal], int]:
    """Return the stored refusals, and how many records or batches of their topic are no refusals or cannot be read."""
    found: list[StoredRefusal] = []
    unreadable = 0
    for number in range(request.registry.partitions):
        async with open_log(request.address, request.topic, number) as log:
            async for record in log.records():
                try:
                    found.append(refusal_records.decode_refusal(record.value or b""))
                except ValueError:
                    unreadable += 1
    return found, unreadable


async def _replay_partition(
    request: ReplayRequest,
    topic_partition: TopicPartition,
    refusals: Mapping[int, StoredRefusal],
    counts: ReplayCounts,
    republisher: _Republisher,
) -> None:
    """Decode the refused records of one partition again, count the results, and publish accepted records."""
    found_offsets = set()
    async with open_log(request.address, topic_partition.topic, topic_partition.partition) as log:
        async for record in log.records_at(refusals):
            refusal = refusals[record.offset]
            record_again = replayed_record(record, refusal, None if request.keeps_timestamps else request.now)
            if record_again is None:
                continue
            found_offsets.add(record.offset)
            result = check_record(request.decoder, record_again, counts, request.now)
            counts.add(refusal, result)
            if result is ReplayResult.ACCEPTED:
                await republisher.publish(record_again)
    _count_gone({offset: refusal for offset, refusal in refusals.items() if offset not in found_offsets}, counts)


def _count_gone(refusals: Mapping[int, StoredRefusal], counts: ReplayCounts) -> None:
    for refusal in refusals.values():
        counts.add(refusal, ReplayResult.GONE)
