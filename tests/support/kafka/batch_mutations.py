"""Record batches that are spoilt somewhere: in a record, in what is compressed, in the header, or not at all."""

from collections.abc import Sequence
from functools import cache
from random import Random
from typing import Final, NamedTuple

from streams.edge.kafka_client.decompression import MAX_DECOMPRESSED_BYTES
from tests.support.kafka.record_batches import (
    CODECS,
    CONTROL,
    GZIP,
    LOG_APPEND_TIME,
    TRANSACTIONAL,
    ZSTD,
    BatchHeader,
    record_bytes,
    with_header,
)

HEADER_NAMES: Final = (b"traceparent", b"ce_id", b"\xff\xfe", b"ce_\xff", b"content-type", b"", b"x" * 200)
EDGE_NUMBERS: Final = (-(2**31), -1, 0, 1, 2, 100, 2**31 - 1)
_MAX_RECORDS: Final = 6
_REPEATED_RECORDS: Final = 10_000


class RecordContent(NamedTuple):
    """A key and a value, as a publisher would write them."""

    key: bytes | None
    value: bytes | None


def mutated_batch(random: Random, contents: Sequence[RecordContent], base: int = 0) -> bytes:
    """Return a batch of some contents, spoilt in some of the ways, with a checksum that is mostly right."""
    if random.random() < 0.03:
        data, total, codec = random.choice(_oversized_batch())
        return with_header(BatchHeader(base, 0), data, total, codec)
    total = random.randint(1, _MAX_RECORDS)
    data = b"".join(_record(random, place, random.choice(contents)) for place in range(total))
    if random.random() < 0.25:
        data = flip_bytes(random, data)
    codec = random.choice([0, 0, *CODECS, *CODECS, random.randrange(8)])
    data = CODECS[codec](data) if codec in CODECS else data
    if random.random() < 0.1:
        data = flip_bytes(random, data)
    batch = with_header(_header(random, base, total), data, total, codec)
    return flip_bytes(random, batch) if random.random() < 0.05 else batch


@cache
def _oversized_batch() -> list[tuple[bytes, int, int]]:
    """Return what a broker takes and no worker reads: compressed records, how many they are, and their codec."""
    large, equal = (
        record_bytes(0, b" " * (MAX_DECOMPRESSED_BYTES + 1)),
        b"".join(record_bytes(place, b"") for place in range(_REPEATED_RECORDS)),
    )
    bombs = [(compress(large), 1, codec) for codec, compress in CODECS.items()]
    return [*bombs, (CODECS[ZSTD](equal), _REPEATED_RECORDS, ZSTD), (CODECS[GZIP](equal), _REPEATED_RECORDS, GZIP)]


def flip_bytes(random: Random, data: bytes) -> bytes:
    """Return bytes changed in up to three places: cut, doubled, one of them another one, or new ones put in."""
    for _ in range(random.randint(1, 3)):
        low, high = sorted(random.randint(0, len(data)) for _ in range(2))
        data = random.choice(
            [
                data[:low] + data[high:],
                data[:high] + data[low:],
                data[:low] + random.randbytes(1) + data[low + 1 :],
                data[:low] + random.choice([b"\0", b"\x7f", b"\x80", b"\xff" * 9]) + data[low:],
            ]
        )
    return data


def _record(random: Random, place: int, content: RecordContent) -> bytes:
    headers = [
        (random.choice(HEADER_NAMES), random.choice([None, b"", b"x"])) for _ in range(random.choice([0, 0, 0, 1, 3]))
    ]
    return record_bytes(place, content.value, headers, content.key)


def _header(random: Random, base: int, total: int) -> BatchHeader:
    header = BatchHeader(base, random.choice([0, LOG_APPEND_TIME]))
    lies = {
        "last_offset_delta": random.choice([*EDGE_NUMBERS, total]),
        "record_count": random.choice([*EDGE_NUMBERS, total + 1]),
        "attributes": random.choice([TRANSACTIONAL, CONTROL, TRANSACTIONAL | CONTROL, 0x40, 0x7F80]),
        "magic": random.choice([0, 1, 3, 255]),
        "length": random.choice([*EDGE_NUMBERS, 48, 49]),
        "producer": random.randrange(100),
        "timestamp_ms": random.choice([-(2**63), -1, 0, 2**62]),
    }
    return header._replace(**{name: lie for name, lie in lies.items() if random.random() < 0.02})
