"""The record batches that the transport delivers: the records of one poll of one topic-partition, with their offsets."""

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from aiokafka import TopicPartition

from streams.contract.events.decoder import Record

LOG_APPEND_TIME: Final = 1
"""Kafka's number for a timestamp that the broker set; 0 is one that the sender set."""


class TimestampedRecord(Record, Protocol):
    """A record as the Kafka client returns it."""

    @property
    def timestamp_type(self) -> int:
        """Who set the timestamp: the broker (`LOG_APPEND_TIME`) or the sender (0)."""


class RecordBatch(NamedTuple):
    """Records fetched from the offset `start`; the next fetch starts at `end`.

    Offsets without a record between `start` and `end` are control records, aborted transactions or compacted records,
    and no gap. `seek_epoch` says which seek the fetch followed: a batch with an older epoch is invalid.
    """

    topic_partition: TopicPartition
    start: int
    end: int
    seek_epoch: int
    records: Sequence[TimestampedRecord]

    def split(self, count: int) -> "tuple[RecordBatch, RecordBatch]":
        """Return the first `count` records and the rest as two batches; neither may be empty."""
        first, rest = self.records[:count], self.records[count:]
        return self._replace(end=rest[0].offset, records=first), self._replace(start=rest[0].offset, records=rest)


class LogEnd(NamedTuple):
    """The end of a log according to the last fetch response.

    `end` is the offset after its last record, `delivered_to` the offset after the last delivered record,
    `responded_at` the wall clock of the response in epoch milliseconds. `is_at_end` says that no record follows the
    delivered ones.
    """

    delivered_to: int
    end: int
    responded_at: int
    is_at_end: bool
