"""A consumer of aiokafka's that hands over whole record batches: one by one its records take 2.6 times as long.

aiokafka offers no way to them, so what it has fetched is put into a wrapping: each batch says that it holds one record,
itself. What belongs to transactions, offsets and checksums stays aiokafka's.
"""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any, Final, cast

from aiokafka import AIOKafkaConsumer, TopicPartition
from typing_extensions import override

_POLL_MS: Final = 500
_MAX_BATCHES: Final = 50
"""How many batches are handed over at once."""


class UnparsedBatch:
    """A record batch, not yet parsed; `offset` is that of its last record. To aiokafka it is the only record in it."""

    def __init__(self, batch: Any, first_offset: int) -> None:  # noqa: ANN401 - aiokafka's own have no common type
        self.offset: int = batch.next_offset - 1
        self._batch = batch
        self._first_offset = first_offset

    def records(self) -> list[Any]:
        """Parse its records, which can be done once: each has an offset, a key and a value."""
        records = list(self._batch)
        if self._batch.base_offset < self._first_offset:
            return [record for record in records if record.offset >= self._first_offset]
        return records

    def __iter__(self) -> "Iterator[UnparsedBatch]":
        yield self

    def __next__(self) -> object:
        return next(self._batch)  # of a control batch, which is looked into before

    def __getattr__(self, name: str) -> object:
        return getattr(self._batch, name)


def deliver_whole_batches(consumer: AIOKafkaConsumer) -> None:
    """Let a started consumer fetch for `fetched`, and for nothing else."""
    fetcher: Any = consumer._fetcher  # noqa: SLF001 - aiokafka offers no other way, here and below
    fetcher._records = _BatchBuffer()  # noqa: SLF001


async def poll_batches(consumer: AIOKafkaConsumer) -> list[UnparsedBatch]:
    """Return the next batches of what is assigned, none when there have been none for a while."""
    found = await consumer.getmany(timeout_ms=_POLL_MS, max_records=_MAX_BATCHES)
    return [cast("UnparsedBatch", batch) for batches in found.values() for batch in batches]


class _BatchBuffer(OrderedDict[TopicPartition, Any]):
    """What aiokafka has fetched and not yet handed over."""

    @override
    def __setitem__(self, pair: TopicPartition, fetched: Any) -> None:
        parsing = getattr(fetched, "_partition_records", None)  # an error has none
        if parsing is not None:
            parsing._records = _BatchSequence(parsing._records, parsing.next_fetch_offset)  # noqa: SLF001
            parsing._consumer_record = _unchanged  # noqa: SLF001
        super().__setitem__(pair, fetched)


def _unchanged(_: object, record: object) -> object:
    return record


class _BatchSequence:
    """The batches of one answer of a broker's, which may begin before the first offset that was asked for."""

    def __init__(self, batches: Any, first_offset: int) -> None:  # noqa: ANN401
        self.has_next = batches.has_next
        self._next = batches.next_batch
        self._first_offset = first_offset

    def next_batch(self) -> UnparsedBatch:
        """Return the next batch."""
        return UnparsedBatch(self._next(), self._first_offset)
