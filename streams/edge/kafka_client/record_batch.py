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
from streams.edge.kafka_client.decompression import MOST_BYTES, InflationError, inflate

FORMAT: Final = 2
"""The record format that is read: Kafka 0.11 and later; brokers convert what older clients send."""

_HEADER: Final = struct.Struct(">qiiBIhiqqqhii")
_unpack: Final = _HEADER.unpack_from
_new: Final = tuple.__new__  # what the class's own does, at a third of its cost
_OVERHEAD: Final = 12  # offset and length
_MAGIC: Final = 16
_SHORTEST: Final = {0: 26, 1: 34}
_ATTRIBUTES: Final = slice(21, 23)
_CONTROL_KEY: Final = struct.Struct(">hh")
_CODEC: Final = 0x07
_STAMPED_BY_BROKER: Final = 0x08
_TRANSACTIONAL: Final = 0x10
_CONTROL: Final = 0x20
_UNUSUAL: Final = _CODEC | _TRANSACTIONAL | _CONTROL
_AT_ONCE: Final = 10_000
"""Of a batch with more records than this no list is made: they are read twice, first to see whether all can be."""


class Bounds(NamedTuple):
    """What the records of one batch may come to: bytes when decompressed, and records.

    A batch may hold `spare` records and one more for every two bytes that it has as it is stored. Records that differ
    take more; of equal ones compression makes thousands of a byte, and each may become a refusal of its own.
    """

    most_bytes: int = MOST_BYTES
    spare: int = 100


STRICT: Final = Bounds()
"""Of topics on which others write."""

WIDE: Final = Bounds(most_bytes=64 << 20, spare=1 << 20)
"""Of topics of our own, whose batches may be large, and which an operator may have compressed."""

_BYTES_A_RECORD: Final = 2


class UndecodableError(Exception):
    """A batch cannot be read."""


class Frame(NamedTuple):
    """One batch in an answer; `sound` says that it is whole and that its checksum, of a format that we know, is right.

    `following` is the offset after its last one, `delta` its last offset less its first one, `total` how many records it says that it holds, `first` and `latest`
    are stamps in epoch milliseconds; all are as its header has them. `is_plain` says that it is sound, neither compressed
    nor of a transaction, and nothing of the broker's own.
    """

    data: bytes
    sound: bool
    magic: int
    base: int
    following: int
    attributes: int = 0
    delta: int = 0
    first: int = -1
    latest: int = -1
    producer: int = -1
    total: int = 0
    is_plain: bool = False

    @property
    def complete(self) -> bool:
        """Whether it holds as many records as offsets, as every batch that was not compacted."""
        return 0 <= self.delta == self.total - 1

    @property
    def stamped_by_broker(self) -> bool:
        """Whether its records have the broker's stamp, `latest`."""
        return bool(self.attributes & _STAMPED_BY_BROKER)

    @property
    def compressed(self) -> bool:
        """Whether its records are compressed."""
        return bool(self.attributes & _CODEC)

    @property
    def is_control(self) -> bool:
        """Whether it is a broker's own, such as the end of a transaction."""
        return bool(self.attributes & _CONTROL)

    @property
    def is_transactional(self) -> bool:
        """Whether its records belong to a transaction."""
        return bool(self.attributes & _TRANSACTIONAL)


def frame_at(answer: bytes, place: int) -> Frame | None:
    """Return the batch that begins at a place in a broker's answer, None where nothing does.

    A batch that is not whole, or whose length cannot be, reaches to the answer's end and is not sound.
    """
    left = len(answer) - place
    if left < _HEADER.size:
        return _short(answer, place) if left > _MAGIC else None
    base, length, _, magic, _, attributes, delta, first, latest, producer, _, _, total = _unpack(answer, place)
    size = _OVERHEAD + length
    if magic == FORMAT and _HEADER.size <= size <= left:
        data = answer[place : place + size]
        sound = DefaultRecordBatch(data).validate_crc()
    elif magic < FORMAT:
        return _short(answer, place)
    else:
        data = answer[place : place + size] if _HEADER.size <= size <= left else answer[place:]
        sound = False
    following, plain = base + delta + 1, sound and not attributes & _UNUSUAL
    return _new(Frame, (data, sound, magic, base, following, attributes, delta, first, latest, producer, total, plain))


def _short(answer: bytes, place: int) -> Frame:
    """Return the batch that begins at a place, where it has no header of our format: one of an older format, or a cut one."""
    base, length = struct.unpack_from(">qi", answer, place)
    magic = answer[place + _MAGIC]
    size = _OVERHEAD + length
    whole = _SHORTEST.get(magic, _MAGIC + 1) <= size <= len(answer) - place
    data = answer[place : place + size] if whole else answer[place:]
    sound = whole and magic < FORMAT and zlib.crc32(data[_MAGIC:]) == int.from_bytes(data[_OVERHEAD:_MAGIC])
    return Frame(data, sound, magic, base, base + 1)


def decompressed(frame: Frame, bounds: Bounds = STRICT) -> bytes:
    """Return a sound batch without compression, with a checksum that is no longer right.

    Raises UndecodableError where that is not within the bounds, or where the record format is another one.
    """
    if frame.magic != FORMAT:
        raise UndecodableError(f"expected record format {FORMAT}, found {frame.magic}")
    if frame.total > bounds.spare + len(frame.data) // _BYTES_A_RECORD:
        raise UndecodableError("expected no more records than so many bytes can tell apart")
    codec = frame.attributes & _CODEC
    if not codec:
        return frame.data
    head = bytearray(frame.data[: _HEADER.size])
    head[_ATTRIBUTES] = (frame.attributes & ~_CODEC).to_bytes(2, signed=True)
    try:
        return bytes(head) + inflate(codec, frame.data[_HEADER.size :], bounds.most_bytes)
    except InflationError as error:
        raise UndecodableError(str(error)) from error


def records_in(frame: Frame, plain: bytes) -> Iterable[Any]:
    """Return the records of a sound batch, aiokafka's or of the same form; `plain` is the batch without compression.

    Raises UndecodableError for one of them all.
    """
    if frame.total < 0 or frame.delta < 0:
        raise UndecodableError("expected numbers of 0 or more")
    try:
        try:
            return _read(DefaultRecordBatch, plain, frame)
        except UnicodeDecodeError:  # aiokafka takes the names of headers for UTF-8
            return _read(lambda data: record_parser.records(data[_HEADER.size :], frame), plain, frame)
    except UndecodableError:
        raise
    except Exception as error:  # what hostile bytes raise in a parser is not foreseen
        raise UndecodableError(type(error).__name__) from error


def control_type(frame: Frame) -> tuple[int, int]:
    """Return version and type of the record in a sound control batch; raises UndecodableError."""
    record = next(iter(records_in(frame, decompressed(frame))), None)
    if record is None or len(record.key or b"") < _CONTROL_KEY.size:
        raise UndecodableError("expected a record with a version and a type")
    version, kind = _CONTROL_KEY.unpack_from(record.key)
    return version, kind


def _read(parse: Callable[[bytes], Iterable[Any]], plain: bytes, frame: Frame) -> Iterable[Any]:
    """Return the records that `parse` finds, when all can be read and their offsets rise within the batch."""
    if frame.total > _AT_ONCE:
        _check(frame, (record.offset for record in parse(plain)))
        return parse(plain)
    records = list(parse(plain))
    expected = frame.base
    for record in records:
        if record.offset != expected:
            _check(frame, (record.offset for record in records))
            break
        expected += 1
    else:
        if expected > frame.following:
            raise UndecodableError("expected offsets that rise within the batch")
    return records


def _check(frame: Frame, offsets: Iterable[int]) -> None:
    before = frame.base - 1
    for offset in offsets:
        if not before < offset < frame.following:
            raise UndecodableError("expected offsets that rise within the batch")
        before = offset
