"""Parse the record batches in a broker's response with pure functions of their bytes.

A batch is readable if its checksum is right, its records can be decompressed within the limits, every record has the
form of Kafka's protocol, and the offsets rise within the batch. No record of any other batch is used.
"""

import struct
import zlib
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from aiokafka.record.default_records import DefaultRecordBatch

from streams.edge.kafka_client import record_parser
from streams.edge.kafka_client.decompression import MAX_DECOMPRESSED_BYTES, DecompressionError, decompress

RECORD_FORMAT: Final = 2
"""The supported record format, of Kafka 0.11 and later; brokers convert the records of older clients."""

_HEADER: Final = struct.Struct(">qiiBIhiqqqhii")
_unpack_header: Final = _HEADER.unpack_from
_new_tuple: Final = tuple.__new__  # same result as calling the named tuple's class, at a third of the cost
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
"""A batch with more records is parsed twice, to check all records and then to yield them, instead of into a list."""


class BatchLimits(NamedTuple):
    """Limits for the records of one batch: their decompressed bytes and their number.

    A batch may hold `extra_records` records and one more for every two of its stored bytes. Different records take more
    bytes than that, while compression packs thousands of equal records, each of which may be refused, into few bytes.
    """

    max_bytes: int = MAX_DECOMPRESSED_BYTES
    extra_records: int = 100


SOURCE_TOPIC_LIMITS: Final = BatchLimits()
"""Limits for topics to which platforms write."""

OWN_TOPIC_LIMITS: Final = BatchLimits(max_bytes=64 << 20, extra_records=1 << 20)
"""Limits for topics to which Safeclock writes, whose batches may be large and compressed by the broker."""

_MIN_BYTES_PER_RECORD: Final = 2


class UndecodableError(Exception):
    """A batch cannot be read."""


class RawBatch(NamedTuple):
    """One batch in a response, with the values of its header.

    `is_intact`: the batch is complete, of a known format, and its checksum is right. `next_offset`: the one after the
    last offset. `last_offset_delta`: the last offset minus the first. `record_count`: the declared number of records.
    Timestamps are in epoch milliseconds. `is_ordinary`: the batch is intact, not compressed, not transactional and not
    a control batch.
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
        """Whether the batch has a record for every offset, as every batch has that was not compacted."""
        return 0 <= self.last_offset_delta == self.record_count - 1

    @property
    def has_log_append_time(self) -> bool:
        """Whether all records have the broker's timestamp, `max_timestamp`."""
        return bool(self.attributes & _LOG_APPEND_TIME_FLAG)

    @property
    def is_compressed(self) -> bool:
        """Whether the records are compressed."""
        return bool(self.attributes & _CODEC_MASK)

    @property
    def is_control(self) -> bool:
        """Whether this is a control batch of the broker, such as the end of a transaction."""
        return bool(self.attributes & _CONTROL_FLAG)

    @property
    def is_transactional(self) -> bool:
        """Whether the records belong to a transaction."""
        return bool(self.attributes & _TRANSACTIONAL_FLAG)


def batch_at(response: bytes, start: int) -> RawBatch | None:
    """Return the batch that begins at `start` in a broker's response, or None at the end.

    A batch that is incomplete or has an impossible length extends to the end of the response and is not intact.
    """
    remaining = len(response) - start
    if remaining < _HEADER.size:
        return _old_or_damaged_batch(response, start) if remaining > _MAGIC_INDEX else None
    base, length, _, magic, _, attributes, delta, first, latest, producer, _, _, count = _unpack_header(response, start)
    size = _LENGTH_PREFIX_BYTES + length
    if magic == RECORD_FORMAT and _HEADER.size <= size <= remaining:
        data = response[start : start + size]
        intact = DefaultRecordBatch(data).validate_crc()
    elif magic < RECORD_FORMAT:
        return _old_or_damaged_batch(response, start)
    else:
        data = response[start : start + size] if _HEADER.size <= size <= remaining else response[start:]
        intact = False
    next_offset, ordinary = base + delta + 1, intact and not attributes & _SPECIAL_FLAGS
    return _new_tuple(
        RawBatch, (data, intact, magic, base, next_offset, attributes, delta, first, latest, producer, count, ordinary)
    )


def _old_or_damaged_batch(response: bytes, start: int) -> RawBatch:
    """Return the batch at `start` that has no header of the supported format: an older or a truncated batch."""
    base_offset, length = struct.unpack_from(">qi", response, start)
    magic = response[start + _MAGIC_INDEX]
    size = _LENGTH_PREFIX_BYTES + length
    is_complete = _MIN_BYTES_BY_MAGIC.get(magic, _MAGIC_INDEX + 1) <= size <= len(response) - start
    data = response[start : start + size] if is_complete else response[start:]
    is_intact = (
        is_complete
        and magic < RECORD_FORMAT
        and zlib.crc32(data[_MAGIC_INDEX:]) == int.from_bytes(data[_LENGTH_PREFIX_BYTES:_MAGIC_INDEX])
    )
    return RawBatch(data, is_intact, magic, base_offset, base_offset + 1)


def decompress_batch(batch: RawBatch, limits: BatchLimits = SOURCE_TOPIC_LIMITS) -> bytes:
    """Return the bytes of an intact batch without compression; the checksum in them is not updated.

    Raises UndecodableError for a batch that exceeds the limits or has another record format.
    """
    if batch.magic != RECORD_FORMAT:
        raise UndecodableError(f"expected record format {RECORD_FORMAT}, found {batch.magic}")
    if batch.record_count > limits.extra_records + len(batch.data) // _MIN_BYTES_PER_RECORD:
        raise UndecodableError("expected no more records than the size of the batch allows")
    codec = batch.attributes & _CODEC_MASK
    if not codec:
        return batch.data
    header = bytearray(batch.data[: _HEADER.size])
    header[_ATTRIBUTES_RANGE] = (batch.attributes & ~_CODEC_MASK).to_bytes(2, signed=True)
    try:
        return bytes(header) + decompress(codec, batch.data[_HEADER.size :], limits.max_bytes)
    except DecompressionError as error:
        raise UndecodableError(str(error)) from error


def parse_records(batch: RawBatch, data: bytes) -> Iterable[Any]:
    """Return the records of an intact batch, as objects with aiokafka's attributes; `data` is not compressed.

    Raises UndecodableError if any record is malformed.
    """
    if batch.record_count < 0 or batch.last_offset_delta < 0:
        raise UndecodableError("expected numbers of 0 or more")
    try:
        try:
            return _parse_and_check(DefaultRecordBatch, data, batch)
        except UnicodeDecodeError:  # aiokafka requires header names in UTF-8
            return _parse_and_check(
                lambda data: record_parser.parse_records_leniently(data[_HEADER.size :], batch), data, batch
            )
    except UndecodableError:
        raise
    except Exception as error:  # hostile bytes may raise any exception in a parser
        raise UndecodableError(type(error).__name__) from error


def control_type(batch: RawBatch) -> tuple[int, int]:
    """Return version and type of the record in an intact control batch; raises UndecodableError."""
    record = next(iter(parse_records(batch, decompress_batch(batch))), None)
    if record is None or len(record.key or b"") < _CONTROL_KEY.size:
        raise UndecodableError("expected a record with a version and a type")
    version, kind = _CONTROL_KEY.unpack_from(record.key)
    return version, kind


def _parse_and_check(parse: Callable[[bytes], Iterable[Any]], data: bytes, batch: RawBatch) -> Iterable[Any]:
    """Return the records that `parse` finds; raises UndecodableError unless offsets rise within the batch."""
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
    previous = batch.base_offset - 1
    for offset in offsets:
        if not previous < offset < batch.next_offset:
            raise UndecodableError("expected offsets that rise within the batch")
        previous = offset
