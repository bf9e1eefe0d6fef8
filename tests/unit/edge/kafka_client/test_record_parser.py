"""The tolerant parser against aiokafka's: both read the same, and refuse the same, but for names that are not UTF-8."""

from collections.abc import Iterable
from typing import Any

from aiokafka.record.default_records import DefaultRecordBatch
from hypothesis import given
from hypothesis import strategies as st

from streams.edge.kafka_client import record_parser
from streams.edge.kafka_client.record_batch import batch_at
from tests.support.kafka.record_batches import (
    BATCH_TIMESTAMP_MS,
    LOG_APPEND_TIME,
    BatchHeader,
    batch_bytes,
    record_bytes,
    with_header,
)

TEXTS = st.none() | st.binary(max_size=12)
HEADERS = st.lists(st.tuples(st.text(max_size=8).map(str.encode), TEXTS), max_size=3)
ATTRIBUTES = st.sampled_from([0, LOG_APPEND_TIME])


def read_with(parse: Iterable[Any]) -> list[tuple[object, ...]] | None:
    """Return what a parser says of records, None when it refuses them."""
    try:
        return [(one.offset, one.timestamp, one.timestamp_type, one.key, one.value, list(one.headers)) for one in parse]
    except UnicodeDecodeError:
        raise
    except Exception:  # noqa: BLE001 - whatever it is, it is a refusal
        return None


def read_both_ways(data: bytes) -> tuple[object, object]:
    """Return what the tolerant parser and aiokafka's say of a batch."""
    frame = batch_at(data, 0)
    assert frame is not None
    return read_with(record_parser.parse_records_leniently(data[61:], frame)), read_with(DefaultRecordBatch(data))


@given(st.lists(st.tuples(TEXTS, TEXTS, HEADERS), max_size=5), ATTRIBUTES)
def test_records_are_read_alike(contents: list[tuple[Any, Any, Any]], attributes: int) -> None:
    records = [record_bytes(place, value, headers, key) for place, (key, value, headers) in enumerate(contents)]

    ours, theirs = read_both_ways(batch_bytes(records, BatchHeader(7, attributes)))

    assert ours == theirs
    assert ours is not None


@given(st.data())
def test_records_that_were_changed_are_read_or_refused_alike(data: st.DataObject) -> None:
    content = bytearray(record_bytes(0, b"value", [(b"name", b"x")]) + record_bytes(1, None, [(b"n", None)]))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    changed = with_header(BatchHeader(timestamp_ms=BATCH_TIMESTAMP_MS), bytes(content), total=2)

    try:
        ours, theirs = read_both_ways(changed)
    except UnicodeDecodeError:
        return  # of which aiokafka reads none

    assert ours == theirs
