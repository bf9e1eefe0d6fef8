"""What the fuzzer calls with record batches: whatever lies between good ones, they are read, and reading ends.

The first byte says where the bytes stand: as a whole batch, as its records, as what is compressed, or below compression.
"""

from collections.abc import Iterator
from random import Random
from typing import Final

from streams.contract.events.source_records import UnreadableBatch
from streams.edge.kafka_client.response_records import ConsumedRecord
from tests.support.kafka.batch_mutations import RecordContent, mutated_batch
from tests.support.kafka.record_batches import (
    CODECS,
    GZIP,
    BatchHeader,
    last_offset,
    read_log,
    record_bytes,
    valid_batch,
    value_records,
    with_header,
)

_VALUES_BEFORE: Final = [b"1", b"2"]
_VALUES_AFTER: Final = [b"8", b"9"]
_MAX_UNREADABLE: Final = 1
_BASE_OFFSET: Final = 2


def fuzz_record_batch(data: bytes) -> None:
    """The batches before and after any other one are read, with answers of any size, and it is told at most once."""
    between = _batch(data)
    following = last_offset(between) + 1
    log = [valid_batch(0, 1, 2), between, valid_batch(following, 8, 9)]
    outcomes = [read_log(log, size=size) for size in (1, len(log[0]) + len(between) // 2, 1 << 20)]
    for outcome in outcomes:
        assert outcome.results == outcomes[0].results, "expected the same whatever the size of an answer"
        assert outcome.position == following + 2, "expected reading to come to the end"
        assert outcome.values[:2] == _VALUES_BEFORE, "expected what lies before to be read"
        assert outcome.values[-2:] == _VALUES_AFTER, "expected what lies after to be read"
        assert len(outcome.unreadable) <= _MAX_UNREADABLE, "expected one refusal for one batch"
        offsets = [one.offset for one in outcome.results]
        assert offsets == sorted(set(offsets)), "expected offsets that rise"
        assert all(isinstance(one, ConsumedRecord | UnreadableBatch) for one in outcome.results)


def seeds() -> Iterator[bytes]:
    """Yield the inputs to begin with: every codec at every depth, and batches that are spoilt."""
    plain = b"".join([*value_records(3, 4), record_bytes(2, b"5", [(b"name", b"x"), (b"\xff", None)])])
    for codec in range(8):
        yield bytes([8 + codec]) + plain
        yield bytes([16 + codec]) + (CODECS[codec](plain) if codec in CODECS else plain)
        yield bytes([24 + codec]) + plain
    yield bytes([16 + GZIP]) + CODECS[GZIP](bytes(1 << 20))
    random = Random(3)
    for _ in range(40):
        yield b"\0" + mutated_batch(random, [RecordContent(b"k", b"{}"), RecordContent(None, None)])


def _batch(data: bytes) -> bytes:
    """Return the batch that some bytes stand for, at the offset that a broker would give it."""
    kind, rest = data[:1], data[1:]
    place, codec = divmod(kind[0] if kind else 0, 8)
    if place % 4 == 0:
        return _BASE_OFFSET.to_bytes(8) + rest[8:].ljust(53, b"\0")
    if place % 4 == 1:
        return with_header(BatchHeader(_BASE_OFFSET), rest, total=3)
    if place % 4 == 3 and codec in CODECS:
        rest = CODECS[codec](rest)
    return with_header(BatchHeader(_BASE_OFFSET), rest, total=3, codec=codec)
