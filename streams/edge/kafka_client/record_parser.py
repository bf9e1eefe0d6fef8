"""Parse the records of a batch with header names that are not UTF-8, which clients in C, Go and .NET can write.

aiokafka's parser, which is ten times as fast, rejects such a batch. Both parsers reject all other malformed records.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

_MAX_VARINT_BYTES = 10
_INVALID_NAME_PREFIX = "\N{REPLACEMENT CHARACTER}"


class BatchHeader(Protocol):
    """The fields of a batch's header that are needed to parse its records."""

    @property
    def base_offset(self) -> int: ...  # noqa: D102 - as in `RawBatch`
    @property
    def base_timestamp(self) -> int: ...  # noqa: D102
    @property
    def max_timestamp(self) -> int: ...  # noqa: D102
    @property
    def record_count(self) -> int: ...  # noqa: D102
    @property
    def has_log_append_time(self) -> bool: ...  # noqa: D102


class ParsedRecord(NamedTuple):
    """A record with the attributes of aiokafka's records."""

    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


def parse_records_leniently(data: bytes, header: BatchHeader) -> Iterator[ParsedRecord]:
    """Yield the records of a batch; `data` is everything after its header. Raises ValueError for a malformed record."""
    reader = _ByteReader(data)
    for _ in range(header.record_count):
        yield _parse_record(_ByteReader(reader.read_bytes(reader.read_varint())), header)
    reader.expect_end()


def _parse_record(body: "_ByteReader", header: BatchHeader) -> ParsedRecord:
    body.read_varint()  # the record's attributes, which Kafka does not use
    timestamp_delta, offset_delta = body.read_varint(), body.read_varint()
    key, value = body.read_nullable_bytes(), body.read_nullable_bytes()
    headers = []
    for _ in range(body.read_length()):
        name = body.read_bytes(body.read_length())
        headers.append((_decode_header_name(name), body.read_nullable_bytes()))
    body.expect_end()
    timestamp = header.max_timestamp if header.has_log_append_time else header.base_timestamp + timestamp_delta
    return ParsedRecord(
        header.base_offset + offset_delta, timestamp, int(header.has_log_append_time), key, value, tuple(headers)
    )


def _decode_header_name(raw: bytes) -> str:
    """Return the name of a header; a prefix makes a name that is not UTF-8 differ from all names of Safeclock."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return _INVALID_NAME_PREFIX + raw.decode(errors="replace")


class _ByteReader:
    """Reads bytes in order and raises ValueError at any attempt to read beyond their end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._index = 0

    def read_varint(self) -> int:
        """Return the next number, in the zigzag encoding of Protocol Buffers."""
        number = 0
        for count in range(_MAX_VARINT_BYTES):
            byte = self.read_bytes(1)[0]
            number |= (byte & 0x7F) << (7 * count)
            if byte < 0x80:  # noqa: PLR2004 - the last byte of a number
                return (number >> 1) ^ -(number & 1)
        raise ValueError(f"expected a number of at most {_MAX_VARINT_BYTES} bytes")

    def read_length(self) -> int:
        """Return the next number, which must not be negative."""
        if (length := self.read_varint()) < 0:
            raise ValueError("expected a length of 0 or more")
        return length

    def read_nullable_bytes(self) -> bytes | None:
        """Return as many bytes as the next number says, or None for a negative number."""
        return None if (size := self.read_varint()) < 0 else self.read_bytes(size)

    def read_bytes(self, size: int) -> bytes:
        """Return the next `size` bytes."""
        if not 0 <= size <= len(self._data) - self._index:
            raise ValueError("expected a length that ends within the record")
        self._index += size
        return self._data[self._index - size : self._index]

    def expect_end(self) -> None:
        """Raise ValueError if bytes are left."""
        if self._index != len(self._data):
            raise ValueError("expected no more bytes")
