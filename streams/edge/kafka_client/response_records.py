"""The records of a broker's response, with an `UnreadableBatch` in place of the records of each unreadable batch.

A batch that a network fault may have damaged is fetched again first. As in aiokafka, control batches and aborted records
are skipped.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from time import perf_counter
from typing import Final, NamedTuple

from aiokafka import TopicPartition

from streams.contract.events.source_records import UnreadableBatch
from streams.edge.kafka_client.record_batch import (
    SOURCE_TOPIC_LIMITS,
    BatchLimits,
    RawBatch,
    UndecodableError,
    batch_at,
    control_type,
    decompress_batch,
    parse_records,
)

MAX_FETCH_ATTEMPTS: Final = 3
"""How often a batch with a wrong checksum is fetched before it counts as unreadable."""

_MAX_UNREADABLE_SECONDS: Final = 0.05
"""Time limit for unreadable batches of one response; after that, other work of the thread has precedence."""

_READ_COMMITTED: Final = 1
_ABORT_MARKER: Final = (0, 0)
_MAX_HEADERS: Final = 100
_MAX_HEADER_BYTES: Final = 1 << 16  # more than any event may have
_EVENT_HEADER_PREFIXES: Final = ("ce_", "content-type")


class ConsumedRecord(NamedTuple):
    """A record with Kafka's field names; a timestamp of -1 means that there is none.

    The name of a header that is not UTF-8 begins with U+FFFD. Of more than 100 headers, those of CloudEvents are kept.
    """

    topic: str
    partition: int
    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


RecordOrUnreadable = ConsumedRecord | UnreadableBatch


class PartitionResponse:
    """The batches of one topic-partition in a response; replaces aiokafka's `MemoryRecords`."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def has_next(self) -> bool:
        """Return whether there are any bytes; `ResponseRecords` finds unreadable batches."""
        return bool(self.data)

    def size_in_bytes(self) -> int:
        """Return the number of bytes."""
        return len(self.data)


class UnreadableBatchTracker:
    """Keeps the unreadable batches and fetch attempts of one consumer between responses.

    `last_response_at` returns the wall clock of a topic-partition's last response, in epoch milliseconds; a batch
    beyond `limits` is unreadable.
    """

    def __init__(
        self, last_response_at: Callable[[TopicPartition], int], limits: BatchLimits = SOURCE_TOPIC_LIMITS
    ) -> None:
        self.last_response_at = last_response_at
        self.limits = limits
        self._attempts: dict[TopicPartition, tuple[int, int]] = {}
        self._last_unreadable: dict[TopicPartition, int] = {}

    def count_attempt(self, topic_partition: TopicPartition, offset: int) -> bool:
        """Count a failed attempt to read the batch at an offset; return whether the limit of attempts is reached."""
        previous, count = self._attempts.get(topic_partition, (-1, 0))
        count = count + 1 if previous == offset else 1
        self._attempts[topic_partition] = (offset, count)
        return count >= MAX_FETCH_ATTEMPTS

    def is_newly_unreadable(self, topic_partition: TopicPartition, base_offset: int) -> bool:
        """Remember an unreadable batch; return whether it differs from the previous one."""
        previous, self._last_unreadable[topic_partition] = self._last_unreadable.get(topic_partition), base_offset
        return previous != base_offset


class ResponseRecords:
    """Iterates over the records of one topic-partition in a response; replaces aiokafka's `PartitionRecords`.

    `next_fetch_offset` is the position after the last returned record. Iteration ends early before a batch that is not
    intact, and before decompressed batches exceed the limit of one batch; the next fetch begins there.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - aiokafka's order
        self,
        tracker: UnreadableBatchTracker,
        topic_partition: TopicPartition,
        response: PartitionResponse,
        aborted: Iterable[tuple[int, int]] | None,
        fetch_offset: int,
        _key_deserializer: object,
        _value_deserializer: object,
        _check_crcs: object,
        isolation: int,
    ) -> None:
        self.next_fetch_offset = fetch_offset
        self._tracker = tracker
        self._topic_partition = topic_partition
        self._response = response.data
        self._fetch_offset = fetch_offset
        self._aborted_transactions = sorted(aborted or (), key=lambda transaction: transaction[1], reverse=True)
        self._aborted_producers: set[int] = set()
        self._is_read_committed = isolation == _READ_COMMITTED
        self._records = self._iterate()

    def __iter__(self) -> Iterator[RecordOrUnreadable]:
        return self._records

    def __next__(self) -> RecordOrUnreadable:
        return next(self._records)

    def _iterate(self) -> Iterator[RecordOrUnreadable]:  # noqa: C901 - each call in this loop costs time
        new_tuple, record_type, (topic, partition) = tuple.__new__, ConsumedRecord, self._topic_partition
        decompressed_bytes, unreadable_seconds = 0, 0.0
        for batch, next_start in self._unread_batches():
            started_at = 0.0 if batch.is_ordinary else perf_counter()
            try:
                data = batch.data if batch.is_ordinary else self._decompress(batch)
                if not batch.is_ordinary and batch.is_compressed:
                    decompressed_bytes += len(data)
                    if len(data) < decompressed_bytes > self._tracker.limits.max_bytes:
                        return
                records = parse_records(batch, data) if data else ()
            except UndecodableError:
                unreadable_seconds += perf_counter() - started_at if started_at else 0.0
                yield from self._skip_unreadable(batch, next_start)
                # An unreadable control batch may have ended an aborted transaction, which only the next response shows.
                if batch.is_control or unreadable_seconds > _MAX_UNREADABLE_SECONDS:
                    return
                continue
            for record in records:
                offset = record.offset
                if offset >= self.next_fetch_offset:
                    self.next_fetch_offset = offset + 1
                    timestamp, headers = record.timestamp, record.headers
                    if timestamp is None:
                        timestamp = -1
                    if len(headers) > _MAX_HEADERS:
                        headers = _limit_headers(headers)
                    timestamp_type = record.timestamp_type or 0
                    yield new_tuple(
                        record_type,
                        (topic, partition, offset, timestamp, timestamp_type, record.key, record.value, headers),
                    )
            if self.next_fetch_offset < batch.next_offset:
                self._advance_past(batch, next_start)

    def _unread_batches(self) -> Iterator[tuple[RawBatch, int]]:
        """Yield the batches that were not read before, each with the index at which the next batch begins.

        The first batch that is not intact ends the response. It is yielded only after it was fetched often enough.
        """
        start = 0
        while (batch := batch_at(self._response, start)) is not None and batch.is_intact:
            start += len(batch.data)
            if not batch.base_offset < self.next_fetch_offset >= batch.next_offset:
                yield batch, start
        if self.next_fetch_offset == self._fetch_offset and self._tracker.count_attempt(
            self._topic_partition, self._fetch_offset
        ):
            unreadable = batch or RawBatch(
                b"", is_intact=False, magic=0, base_offset=self._fetch_offset, next_offset=self._fetch_offset + 1
            )
            yield unreadable, start + len(unreadable.data)

    def _decompress(self, batch: RawBatch) -> bytes:
        """Return the bytes of a batch without compression, or b"" for a control batch or an aborted transaction."""
        if not batch.is_intact:
            raise UndecodableError("expected a complete batch with the right checksum")
        if self._is_read_committed:
            while self._aborted_transactions and self._aborted_transactions[-1][1] <= batch.base_offset:
                self._aborted_producers.add(self._aborted_transactions.pop()[0])
            if batch.is_control and control_type(batch) == _ABORT_MARKER:
                self._aborted_producers.discard(batch.producer_id)
        aborted = batch.is_transactional and batch.producer_id in self._aborted_producers
        return b"" if batch.is_control or aborted else decompress_batch(batch, self._tracker.limits)

    def _skip_unreadable(self, batch: RawBatch, next_start: int) -> Iterator[UnreadableBatch]:
        """Skip an unreadable batch, and yield it if it was not yielded before; the next one begins at `next_start`."""
        has_known_offsets = batch.is_intact or batch.has_all_offsets
        first_offset = max(batch.base_offset, self._fetch_offset) if has_known_offsets else self._fetch_offset
        logged_at = (
            batch.max_timestamp
            if batch.is_intact and batch.max_timestamp >= 0
            else self._tracker.last_response_at(self._topic_partition)
        )
        is_new = (
            self._tracker.is_newly_unreadable(self._topic_partition, batch.base_offset)
            or batch.base_offset >= self._fetch_offset
        )
        self.next_fetch_offset = max(self.next_fetch_offset, first_offset + 1)
        self._advance_past(batch, next_start)
        if is_new:
            yield UnreadableBatch(
                *self._topic_partition,
                first_offset,
                logged_at,
                batch.record_count if has_known_offsets and batch.record_count > 0 else None,
            )

    def _advance_past(self, batch: RawBatch, next_start: int) -> None:
        """Move the position behind a batch; the next one begins at `next_start`.

        The header of a batch with fewer records than offsets may be wrong, and good batches may follow. The position
        therefore moves only to the offset after its first one, unless the broker returned the batch for a later offset.
        """
        min_offset = max(self.next_fetch_offset, batch.base_offset + 1 if batch.is_intact else 0)
        claimed_offset = max(batch.next_offset, min_offset)
        next_batch = batch_at(self._response, next_start)
        if next_batch is not None and next_batch.is_intact and next_batch.base_offset >= min_offset:
            self.next_fetch_offset = min(claimed_offset, next_batch.base_offset)
        elif batch.has_all_offsets or batch.base_offset < self._fetch_offset:
            self.next_fetch_offset = claimed_offset
        else:
            self.next_fetch_offset = min_offset


def _limit_headers(headers: Sequence[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Return the headers of CloudEvents, and one header as long as all headers together, up to a limit."""
    event_headers = [header for header in headers if header[0].startswith(_EVENT_HEADER_PREFIXES)]
    size = sum(len(name) + len(content or b"") for name, content in headers)
    return [*event_headers[:_MAX_HEADERS], ("", bytes(min(size, _MAX_HEADER_BYTES)))]
