"""What the transport hands over: the records of one poll of one topic-partition, with where they were fetched from."""

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from streams.contract.events.decoder import Record

LOG_APPEND_TIME: Final = 1
"""The broker's stamp, in Kafka's own numbers; 0 is the sender's."""


class TimestampedRecord(Record, Protocol):
    """A record as the Kafka client gives it."""

    @property
    def timestamp_type(self) -> int:
        """Whose stamp the timestamp is: `LOG_APPEND_TIME` or the sender's."""


class Slot(NamedTuple):
    """A source topic and a partition of it; equal to every other Kafka library's pair of that name."""

    topic: str
    partition: int


class RecordBatch(NamedTuple):
    """Records fetched from the offset `start`; the next fetch starts at `end`.

    Offsets between that hold no record belong to control records, aborted transactions or compaction, and are no
    gap. `lease` tells which seek the fetch followed: a batch of an older lease is void.
    """

    topic_partition: Slot
    start: int
    end: int
    seek_epoch: int
    records: Sequence[TimestampedRecord]

    def split(self, count: int) -> "tuple[RecordBatch, RecordBatch]":
        """Return the first `count` records, at least one, and the others, at least one, as batches of their own."""
        first, rest = self.records[:count], self.records[count:]
        return self._replace(end=rest[0].offset, records=first), self._replace(start=rest[0].offset, records=rest)


class LogEnd(NamedTuple):
    """What the last fetch response told of a log's end.

    `end` is the offset after its last record, `through` the offset after the last delivered one, `at` the wall clock
    of the response in epoch milliseconds; `reached` says that nothing follows what was delivered.
    """

    delivered_to: int
    end: int
    responded_at: int
    is_at_end: bool
