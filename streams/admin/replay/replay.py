"""Reading refused records again where they lie, and publishing those that are accepted now."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from aiokafka import AIOKafkaProducer

from streams.admin.errors import OperatingError
from streams.admin.provisioning.cluster import Cluster
from streams.admin.replay.selection import Asked, Decoder, Fate, Retold, Slot, Tally, chosen, fate, print_of, retold
from streams.admin.topic_reader import Link, opened
from streams.contract.outputs import refusal_records
from streams.contract.outputs.refusal_records import StoredRefusal
from streams.contract.registry.registry import Registry
from streams.contract.topics import EVENT_REFUSED, partition_of
from streams.domain.vocabulary import Reason
from streams.runtime.topic_checks.differences import miscounted

_ON_THEIR_WAY: Final = 1_000


class Errand(NamedTuple):
    """Where and how to replay; `now` in epoch milliseconds; with `own_stamps` records keep their senders' stamps."""

    link: Link
    registry: Registry
    decoder: Decoder
    now: int
    own_stamps: bool
    topic: str = EVENT_REFUSED


class Replayed(NamedTuple):
    """What was found, what was left out, how many records were published again, and how many told of no refusal."""

    tally: Tally
    left: Mapping[Reason, int]
    published: int
    strange: int


@dataclass
class _Outlet:
    """Publishes records, each content once; without a producer it only counts."""

    producer: AIOKafkaProducer | None
    own_stamps: bool
    partitions: int
    seen: set[bytes] = field(default_factory=set)
    sent: list[asyncio.Future[object]] = field(default_factory=list)

    async def publish(self, record: Retold) -> None:
        if self.producer is None or print_of(record) in self.seen:
            return
        self.seen.add(print_of(record))
        future = await self.producer.send(
            record.topic,
            value=record.value,
            key=record.key,
            # Not where it lay: that may be what it was refused for.
            partition=partition_of(record.key or b"", self.partitions),
            timestamp_ms=record.timestamp if self.own_stamps else None,
            headers=list(record.headers or ()),
        )
        self.sent.append(future)
        if len(self.sent) >= _ON_THEIR_WAY:
            await self.settle()

    async def settle(self) -> None:
        await asyncio.gather(*self.sent)
        self.sent.clear()


async def replay(errand: Errand, asked: Asked, *, dry: bool) -> Replayed:
    """Read again what was refused, and publish what is accepted now; `dry`: only count."""
    found, idempotent = await asyncio.to_thread(_survey, errand)
    refusals, strange = await _refusals(errand)
    choice = chosen(refusals, asked)
    tally = Tally()
    async with AsyncExitStack() as stack:
        producer = None
        if not dry:
            producer = AIOKafkaProducer(
                bootstrap_servers=errand.link.bootstrap,
                acks="all",
                enable_idempotence=idempotent,
                **errand.link.access.client_options(),
            )
            stack.push_async_callback(producer.stop)  # also of one that could not start
            await producer.start()
        outlet = _Outlet(producer, own_stamps=errand.own_stamps, partitions=errand.registry.partitions)
        for slot, places in choice.places.items():
            if slot.topic in found:
                await _look(errand, slot, places, tally, outlet)
            else:
                _all_gone(places, tally)
        await outlet.settle()
    return Replayed(tally, choice.left, len(outlet.seen), strange)


def _survey(errand: Errand) -> tuple[frozenset[str], bool]:
    """Return the source topics that are there, and whether the broker knows producers again.

    Raises OperatingError where refusals are not told in as many partitions as the registry says.
    """
    with Cluster(errand.link.bootstrap, errand.link.access) as cluster:
        found = cluster.topics((errand.topic, *errand.registry.source_topics()))
        if faults := miscounted([errand.topic], errand.registry.partitions, found):
            raise OperatingError("\n".join(faults))
        return frozenset(found) - {errand.topic}, cluster.has_transactions()


async def _refusals(errand: Errand) -> tuple[list[StoredRefusal], int]:
    """Return what was refused, and how many records and batches on the topic of refusals are none or cannot be read."""
    found: list[StoredRefusal] = []
    strange = 0
    for number in range(errand.registry.partitions):
        async with opened(errand.link, errand.topic, number) as log:
            async for record in log.records():
                try:
                    found.append(refusal_records.decode_refusal(record.value or b""))
                except ValueError:
                    strange += 1
    return found, strange


async def _look(
    errand: Errand, slot: Slot, refusals: Mapping[int, StoredRefusal], tally: Tally, outlet: _Outlet
) -> None:
    """Judge the refused records of one partition."""
    seen = set()
    async with opened(errand.link, slot.topic, slot.partition) as log:
        async for record in log.at(refusals):
            refusal = refusals[record.offset]
            again = retold(record, refusal, None if errand.own_stamps else errand.now)
            if again is None:
                continue
            seen.add(record.offset)
            what = fate(errand.decoder, again, tally, errand.now)
            tally.count(refusal, what)
            if what is Fate.ACCEPTED:
                await outlet.publish(again)
    _all_gone({offset: refusal for offset, refusal in refusals.items() if offset not in seen}, tally)


def _all_gone(refusals: Mapping[int, StoredRefusal], tally: Tally) -> None:
    for refusal in refusals.values():
        tally.count(refusal, Fate.GONE)
