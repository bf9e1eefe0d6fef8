"""Record batches put on a broker as they are, byte by byte: what a client would never write."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.produce import ProduceRequest

_ALL_COPIES: Final = -1
_TIMEOUT_MS: Final = 30_000


class PutResult(NamedTuple):
    """What a broker said of a batch: 0 where it took it, or Kafka's number of the error; and at which offset it lies."""

    error: int
    offset: int


class RawProducer:
    """Puts batches on topics, one request for each."""

    def __init__(self, client: AIOKafkaClient) -> None:
        self._client: Any = client

    async def send_batch(self, pair: TopicPartition, batch: bytes) -> PutResult:
        """Put one batch on a topic-partition."""
        self._client.add_topic(pair.topic)
        while (leader := self._client.cluster.leader_for_partition(pair)) in {None, -1}:
            await self._client.force_metadata_update()
        request = ProduceRequest(None, _ALL_COPIES, _TIMEOUT_MS, [(pair.topic, [(pair.partition, batch)])])
        response = await self._client.send(leader, request)
        ((_, ((_, error, offset, *_),)),) = response.topics
        return PutResult(error, offset)


@asynccontextmanager
async def raw_producer(bootstrap: str) -> AsyncIterator[RawProducer]:
    """Connect to a broker for the block."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    try:
        await client.bootstrap()
        yield RawProducer(client)
    finally:
        await client.close()


async def send_batches(bootstrap: str, batches: Iterable[tuple[TopicPartition, bytes]]) -> list[PutResult]:
    """Put batches one after the other and return what the broker said of each."""
    async with raw_producer(bootstrap) as putter:
        return [await putter.send_batch(pair, batch) for pair, batch in batches]
