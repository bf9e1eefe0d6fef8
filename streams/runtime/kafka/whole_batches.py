"""Make an aiokafka consumer return whole record batches: record by record, reading takes 2.6 times as long.

aiokafka has no such option, so each fetched batch is wrapped in an object that claims to contain one record, itself.
aiokafka still handles transactions, offsets and checksums.
"""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any, Final, cast

from aiokafka import AIOKafkaConsumer, TopicPartition
from typing_extensions import override

_POLL_MS: Final = 500
_MAX_BATCHES: Final = 50
"""How many batches one poll returns at most."""


class UnparsedBatch:
    """A record batch that is not parsed yet; `offset` is that of its last record. aiokafka treats it as one record."""

    def __init__(self, batch: Any, first_offset: int) -> None:  # noqa: ANN401 - aiokafka's batches have no common type
        self.offset: int = batch.next_offset - 1
        self._batch = batch
        self._first_offset = first_offset

    def records(self) -> list[Any]:
        """Parse and return the records, each with offset, key and value; can be called once."""
        records = list(self._batch)
        if self._batch.base_offset < self._first_offset:
            return [record for record in records if record.offset >= self._first_offset]
        return records

    def __iter__(self) -> "Iterator[UnparsedBatch]":
        yield self

    def __next__(self) -> object:
        return next(self._batch)  # aiokafka reads the first record of a control batch

    def __getattr__(self, name: str) -> object:
        return getattr(self._batch, name)


def deliver_whole_batches(consumer: AIOKafkaConsumer) -> None:
    """Prepare a started consumer for `poll_batches`; other methods that return records cannot be used after it."""
    fetcher: Any = consumer._fetcher  # noqa: SLF001 - aiokafka has no public way, here and below
    fetcher._records = _BatchBuffer()  # noqa: SLF001


async def poll_batches(consumer: AIOKafkaConsumer) -> list[UnparsedBatch]:
    """Return the next batches of the assigned topic-partitions; none if none arrives within `_POLL_MS`."""
    found = await consumer.getmany(timeout_ms=_POLL_MS, max_records=_MAX_BATCHES)
    return [cast("UnparsedBatch", batch) for batches in found.values() for batch in batches]


class _BatchBuffer(OrderedDict[TopicPartition, Any]):
    """aiokafka's buffer of fetched batches; every batch that is put in is wrapped."""

    @override
    def __setitem__(self, topic_partition: TopicPartition, fetched: Any) -> None:
        partition_records = getattr(fetched, "_partition_records", None)  # an error has no records
        if partition_records is not None:
            partition_records._records = _BatchSequence(partition_records._records, partition_records.next_fetch_offset)  # noqa: SLF001
            partition_records._consumer_record = _unchanged  # noqa: SLF001
        super().__setitem__(topic_partition, fetched)


def _unchanged(_: object, record: object) -> object:
    return record


class _BatchSequence:
    """The batches of one fetch response; the first may begin before the requested offset."""

    def __init__(self, batches: Any, first_offset: int) -> None:  # noqa: ANN401
        self.has_next = batches.has_next
        self._next = batches.next_batch
        self._first_offset = first_offset

    def next_batch(self) -> UnparsedBatch:
        """Return the next batch."""
        return UnparsedBatch(self._next(), self._first_offset)
