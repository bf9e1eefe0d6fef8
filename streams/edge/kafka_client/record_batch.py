"""Record batches as they lie in a broker's answer: pure functions of their bytes.

A batch is taken whole or not at all: it can be read when its checksum is right, its records can be decompressed within
the limit, every one of them has the form that Kafka's protocol defines, and their offsets rise within the batch.
"""

import struct
import zlib
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from aiokafka.record.default_records import DefaultRecordBatch

from streams.edge.kafka_client import record_parser
from streams.edge.kafka_client.decompression import MAX_DECOMPRESSED_BYTES, DecompressionError, decompress

RECORD_FORMAT: Final = 2
"""The record format that is read: Kafka 0.11 and later; brokers convert what older clients send."""

_HEADER: Final = struct.Struct(">qiiBIhiqqqhii")
_unpack_header: Final = _HEADER.unpack_from
_new_tuple: Final = tuple.__new__  # what the class's own does, at a third of its cost
_LENGTH_PREFIX_BYTES: Final = 12  # offset and length
_MAGIC_INDEX: Final = 16
_MIN_BYTES_BY_MAGIC: Final = {0: 26, 1: 34}
_ATTRIBUTES_RANGE: Final = slice(21, 23)
_CONTROL_KEY: Final = struct.Struct(">hh")
_CODEC_MASK: Final = 0x07
_LOG_APPEND_TIME_FLAG: Final = 0x08
_TRANSACTIONAL_FLAG: Final = 0x10
_CONTROL_FLAG: Final = 0x20
_SPECIAL_FLAGS: Final = _CODEC_MASK | _TRANSACTIONAL_FLAG | _CONTROL_FLAG
_MAX_LISTED_RECORDS: Final = 10_000
"""Of a batch with more records than this no list is made: they are read twice, first to see whether all can be."""


class BatchLimits(NamedTuple):
    """What the records of one batch may come to: bytes when decompressed, and records.

    A batch may hold `spare` records and one more for every two bytes that it has as it is stored. Records that differ
    take more; of equal ones compression makes thousands of a byte, and each may become a refusal of its own.
    """

    max_bytes: int = MAX_DECOMPRESSED_BYTES
    extra_records: int = 100


SOURCE_TOPIC_LIMITS: Final = BatchLimits()
"""Of topics on which others write."""

OWN_TOPIC_LIMITS: Final = BatchLimits(max_bytes=64 << 20, extra_records=1 << 20)
"""Of topics of our own, whose batches may be large, and which an operator may have compressed."""

_MIN_BYTES_PER_RECORD: Final = 2


class UndecodableError(Exception):
    """A batch cannot be read."""


class RawBatch(NamedTuple):
    """One batch in an answer; `sound` says that it is whole and that its checksum, of a format that we know, is right.

    `following` is the offset after its last one, `delta` its last offset less its first one, `total` how many records it says that it holds, `first` and `latest`
    are stamps in epoch milliseconds; all are as its header has them. `is_plain` says that it is sound, neither compressed
    nor of a transaction, and nothing of the broker's own.
    """

    data: bytes
    is_intact: bool
    magic: int
    base_offset: int
    next_offset: int
    attributes: int = 0
    last_offset_delta: int = 0
    base_timestamp: int = -1
    max_timestamp: int = -1
    producer_id: int = -1
    record_count: int = 0
    is_ordinary: bool = False

    @property
    def has_all_offsets(self) -> bool:
        """Whether it holds as many records as offsets, as every batch that was not compacted."""
        return 0 <= self.last_offset_delta == self.record_count - 1

    @property
    def has_log_append_time(self) -> bool:
        """Whether its records have the broker's stamp, `latest`."""
        return bool(self.attributes & _LOG_APPEND_TIME_FLAG)

    @property
    def is_compressed(self) -> bool:
        """Whether its records are compressed."""
        return bool(self.attributes & _CODEC_MASK)

    @property
    def is_control(self) -> bool:
        """Whether it is a broker's own, such as the end of a transaction."""
        return bool(self.attributes & _CONTROL_FLAG)

    @property
    def is_transactional(self) -> bool:
        """Whether its records belong to a transaction."""
        return bool(self.attributes & _TRANSACTIONAL_FLAG)


def batch_at(response: bytes, start: int) -> RawBatch | None:
    """Return the batch that begins at a place in a broker's answer, None where nothing does.

    A batch that is not whole, or whose length cannot be, reaches to the answer's end and is not sound.
    """
    left = len(response) - start
    if left < _HEADER.size:
        return _old_or_damaged_batch(response, start) if left > _MAGIC_INDEX else None
    base, length, _, magic, _, attributes, delta, first, latest, producer, _, _, total = _unpack_header(response, start)
    size = _LENGTH_PREFIX_BYTES + length
    if magic == RECORD_FORMAT and _HEADER.size <= size <= left:
        data = response[start : start + size]
        sound = DefaultRecordBatch(data).validate_crc()
    elif magic < RECORD_FORMAT:
        return _old_or_damaged_batch(response, start)
    else:
        data = response[start : start + size] if _HEADER.size <= size <= left else response[start:]
        sound = False
    following, plain = base + delta + 1, sound and not attributes & _SPECIAL_FLAGS
    return _new_tuple(
        RawBatch, (data, sound, magic, base, following, attributes, delta, first, latest, producer, total, plain)
    )


def _old_or_damaged_batch(response: bytes, start: int) -> RawBatch:
    """Return the batch that begins at a place, where it has no header of our format: one of an older format, or a cut one."""
    base, length = struct.unpack_from(">qi", response, start)
    magic = response[start + _MAGIC_INDEX]
    size = _LENGTH_PREFIX_BYTES + length
    whole = _MIN_BYTES_BY_MAGIC.get(magic, _MAGIC_INDEX + 1) <= size <= len(response) - start
    data = response[start : start + size] if whole else response[start:]
    sound = (
        whole
        and magic < RECORD_FORMAT
        and zlib.crc32(data[_MAGIC_INDEX:]) == int.from_bytes(data[_LENGTH_PREFIX_BYTES:_MAGIC_INDEX])
    )
    return RawBatch(data, sound, magic, base, base + 1)


def decompress_batch(batch: RawBatch, limits: BatchLimits = SOURCE_TOPIC_LIMITS) -> bytes:
    """Return a sound batch without compression, with a checksum that is no longer right.

    Raises UndecodableError where that is not within the bounds, or where the record format is another one.
    """
    if batch.magic != RECORD_FORMAT:
        raise UndecodableError(f"expected record format {RECORD_FORMAT}, found {batch.magic}")
    if batch.record_count > limits.extra_records + len(batch.data) // _MIN_BYTES_PER_RECORD:
        raise UndecodableError("expected no more records than so many bytes can tell apart")
    codec = batch.attributes & _CODEC_MASK
    if not codec:
        return batch.data
    head = bytearray(batch.data[: _HEADER.size])
    head[_ATTRIBUTES_RANGE] = (batch.attributes & ~_CODEC_MASK).to_bytes(2, signed=True)
    try:
        return bytes(head) + decompress(codec, batch.data[_HEADER.size :], limits.max_bytes)
    except DecompressionError as error:
        raise UndecodableError(str(error)) from error


def parse_records(batch: RawBatch, data: bytes) -> Iterable[Any]:
    """Return the records of a sound batch, aiokafka's or of the same form; `plain` is the batch without compression.

    Raises UndecodableError for one of them all.
    """
    if batch.record_count < 0 or batch.last_offset_delta < 0:
        raise UndecodableError("expected numbers of 0 or more")
    try:
        try:
            return _parse_and_check(DefaultRecordBatch, data, batch)
        except UnicodeDecodeError:  # aiokafka takes the names of headers for UTF-8
            return _parse_and_check(
                lambda data: record_parser.parse_records_leniently(data[_HEADER.size :], batch), data, batch
            )
    except UndecodableError:
        raise
    except Exception as error:  # what hostile bytes raise in a parser is not foreseen
        raise UndecodableError(type(error).__name__) from error


def control_type(batch: RawBatch) -> tuple[int, int]:
    """Return version and type of the record in a sound control batch; raises UndecodableError."""
    record = next(iter(parse_records(batch, decompress_batch(batch))), None)
    if record is None or len(record.key or b"") < _CONTROL_KEY.size:
        raise UndecodableError("expected a record with a version and a type")
    version, kind = _CONTROL_KEY.unpack_from(record.key)
    return version, kind


def _parse_and_check(parse: Callable[[bytes], Iterable[Any]], data: bytes, batch: RawBatch) -> Iterable[Any]:
    """Return the records that `parse` finds, when all can be read and their offsets rise within the batch."""
    if batch.record_count > _MAX_LISTED_RECORDS:
        _check_offsets(batch, (record.offset for record in parse(data)))
        return parse(data)
    records = list(parse(data))
    expected = batch.base_offset
    for record in records:
        if record.offset != expected:
            _check_offsets(batch, (record.offset for record in records))
            break
        expected += 1
    else:
        if expected > batch.next_offset:
            raise UndecodableError("expected offsets that rise within the batch")
    return records


def _check_offsets(batch: RawBatch, offsets: Iterable[int]) -> None:
    before = batch.base_offset - 1
    for offset in offsets:
        if not before < offset < batch.next_offset:
            raise UndecodableError("expected offsets that rise within the batch")
        before = offset
