"""Record batches made by hand, with every field of their headers as a test wants it, and a log of them."""

import gzip
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import cramjam
from aiokafka import TopicPartition
from aiokafka.codec import lz4_encode, snappy_encode
from aiokafka.record.util import calc_crc32c

from streams.contract.events.source_records import UnreadableBatch
from streams.edge.kafka_client.response_records import (
    ConsumedRecord,
    PartitionResponse,
    RecordOrUnreadable,
    ResponseRecords,
    UnreadableBatchTracker,
)

TOPIC_PARTITION: Final = TopicPartition("harbor-report-filed", 3)
BATCH_TIMESTAMP_MS: Final = 1_767_225_600_000
FETCH_TIME_MS: Final = BATCH_TIMESTAMP_MS + 5_000
GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4
LOG_APPEND_TIME, TRANSACTIONAL, CONTROL = 0x08, 0x10, 0x20
CODECS: Final[Mapping[int, Callable[[bytes], bytes]]] = {
    GZIP: gzip.compress,
    SNAPPY: lambda data: bytes(snappy_encode(data)),
    LZ4: lambda data: bytes(lz4_encode(data)),  # brokers read no linked blocks
    ZSTD: lambda data: bytes(cramjam.zstd.compress(data)),
}
_HEADER: Final = struct.Struct(">qiibIhiqqqhii")
Headers = Sequence[tuple[bytes, bytes | None]]


class BatchHeader(NamedTuple):
    """What a batch says of itself; None: what is so."""

    base_offset: int = 0
    attributes: int = LOG_APPEND_TIME
    last_offset_delta: int | None = None
    record_count: int | None = None
    length: int | None = None
    magic: int = 2
    producer: int = -1
    timestamp_ms: int = BATCH_TIMESTAMP_MS


def varint(value: int) -> bytes:
    """Return a number in the zigzag encoding of Protocol Buffers."""
    left, found = (value << 1) ^ (value >> 63), bytearray()
    while left >= 0x80:
        found.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes([*found, left])


def varint_bytes(value: bytes | None) -> bytes:
    """Return bytes with their length, or that there are none."""
    return varint(-1) if value is None else varint(len(value)) + value


def record_bytes(offset_delta: int, value: bytes | None, headers: Headers = (), key: bytes | None = b"k") -> bytes:
    """Return a record with its length."""
    named = b"".join(varint_bytes(name) + varint_bytes(content) for name, content in headers)
    body = (
        b"\0"
        + varint(0)
        + varint(offset_delta)
        + varint_bytes(key)
        + varint_bytes(value)
        + varint(len(headers))
        + named
    )
    return varint(len(body)) + body


def batch_bytes(records: Iterable[bytes], header: BatchHeader = BatchHeader(), codec: int = 0) -> bytes:  # noqa: B008 - immutable
    """Return a batch of records, compressed by a codec."""
    held = list(records)
    data = b"".join(held)
    return with_header(header, CODECS[codec](data) if codec else data, len(held), codec)


def with_header(header: BatchHeader, data: bytes, total: int = 1, codec: int = 0) -> bytes:
    """Return a batch with `data` in the place of its records, and with the right checksum."""
    fields = (
        header.attributes | codec,
        total - 1 if header.last_offset_delta is None else header.last_offset_delta,
        header.timestamp_ms,
        header.timestamp_ms,
        header.producer,
        -1,
        -1,
        total if header.record_count is None else header.record_count,
    )
    covered = struct.pack(">hiqqqhii", *fields) + data
    length = 9 + len(covered) if header.length is None else header.length
    return struct.pack(">qiiBI", header.base_offset, length, 0, header.magic, calc_crc32c(covered)) + covered


def value_records(*numbers: int) -> list[bytes]:
    """Return records with these numbers as their values, one after the other."""
    return [record_bytes(place, b"%d" % one) for place, one in enumerate(numbers)]


def valid_batch(base: int, *numbers: int, codec: int = 0) -> bytes:
    """Return a batch that can be read."""
    return batch_bytes(value_records(*numbers), BatchHeader(base), codec)


AbortedTransactions = Sequence[tuple[int, int]]


class ReadResult(NamedTuple):
    """What was read of a log, where reading ended, and after how many answers."""

    results: list[RecordOrUnreadable]
    position: int
    answer_count: int

    @property
    def values(self) -> list[bytes | None]:
        """The values of the records that were read."""
        return [one.value for one in self.results if isinstance(one, ConsumedRecord)]

    @property
    def unreadable(self) -> list[UnreadableBatch]:
        """What was told of batches that cannot be read."""
        return [one for one in self.results if isinstance(one, UnreadableBatch)]


def read_response(
    answer: bytes, asked: int = 0, aborted: AbortedTransactions = (), memory: UnreadableBatchTracker | None = None
) -> ResponseRecords:
    """Return the records in one answer of a broker's."""
    kept = memory or UnreadableBatchTracker(lambda _: FETCH_TIME_MS)
    return ResponseRecords(kept, TOPIC_PARTITION, PartitionResponse(answer), aborted, asked, None, None, None, 1)


def read_log(
    batches: Sequence[bytes], aborted: AbortedTransactions = (), size: int = 1 << 20, at: int = 0
) -> ReadResult:
    """Return what a consumer reads of a log from an offset to its end, fetching `size` bytes at a time.

    Batches are served as a broker does: from the one that holds the position by its header, the first one whole.
    """
    memory, found, position = UnreadableBatchTracker(lambda _: FETCH_TIME_MS), list[RecordOrUnreadable](), at
    for count in range(1, 100_000):
        answer = b"".join(_response_from(batches, position, size))
        if not answer:
            return ReadResult(found, position, count - 1)
        records = read_response(answer, position, aborted, memory)
        found += records
        assert records.next_fetch_offset >= position, "expected a position that never goes back"
        position = records.next_fetch_offset
    raise AssertionError(f"expected an end, still at offset {position} after {count} answers")


def _response_from(batches: Sequence[bytes], position: int, size: int) -> Iterator[bytes]:
    left = size
    rest = [data for data in batches if last_offset(data) >= position]
    for place, data in enumerate(rest):
        yield data if place == 0 else data[: max(left, 0)]
        left -= len(data)
        if left <= 0:
            return


def last_offset(data: bytes) -> int:
    """Return the last offset of a batch as a broker has it: by its header."""
    base: int = struct.unpack_from(">q", data)[0]
    delta: int = struct.unpack_from(">i", data, 23)[0] if len(data) >= 61 and data[16] >= 2 else 0
    return base + max(delta, 0)
