"""Answers of a broker's to records: what cannot be read costs its own batch, is told once, and stops nothing."""

import struct
from typing import Final
from zlib import crc32

import pytest

from streams.contract.events.source_records import UnreadableBatch
from streams.edge.kafka_client.decompression import MAX_DECOMPRESSED_BYTES
from streams.edge.kafka_client.record_batch import OWN_TOPIC_LIMITS
from streams.edge.kafka_client.response_records import MAX_FETCH_ATTEMPTS, ConsumedRecord, UnreadableBatchTracker
from tests.support.kafka.record_batches import (
    BATCH_TIMESTAMP_MS,
    CODECS,
    CONTROL,
    FETCH_TIME_MS,
    GZIP,
    LOG_APPEND_TIME,
    TOPIC_PARTITION,
    TRANSACTIONAL,
    ZSTD,
    BatchHeader,
    batch_bytes,
    read_log,
    read_response,
    record_bytes,
    valid_batch,
    value_records,
    varint,
    varint_bytes,
    with_header,
)

GOOD_VALUES: Final = [b"1", b"2"]


def flip_bits(data: bytes, place: int, bits: int = 0x01) -> bytes:
    """Return a batch in which bits of one byte are turned over, with the checksum that it had."""
    return data[:place] + bytes([data[place] ^ bits]) + data[place + 1 :]


def record_body(*parts: bytes) -> bytes:
    """Return a record of these parts, with its length."""
    joined = b"\0" + varint(0) + varint(0) + b"".join(parts)
    return varint(len(joined)) + joined


@pytest.mark.parametrize("codec", [0, *CODECS])
def test_every_codec_is_read(codec: int) -> None:
    outcome = read_log([valid_batch(0, 1, 2, codec=codec), valid_batch(2, 3, codec=codec)])

    assert outcome.values == [b"1", b"2", b"3"]
    assert (outcome.position, outcome.unreadable) == (3, [])


def test_a_record_comes_out_as_it_was_written() -> None:
    written = batch_bytes([record_bytes(0, b"value", [(b"ce_id", b"1"), (b"empty", None)])], BatchHeader(7))

    (found,) = read_response(written, 7)

    assert isinstance(found, ConsumedRecord)
    assert tuple(found) == (
        *TOPIC_PARTITION,
        7,
        BATCH_TIMESTAMP_MS,
        1,
        b"k",
        b"value",
        [("ce_id", b"1"), ("empty", None)],
    )


UNREADABLE: Final = {
    "a codec that nobody has": batch_bytes(value_records(3), BatchHeader(2, LOG_APPEND_TIME | 5)),
    "another codec that nobody has": batch_bytes(value_records(3), BatchHeader(2, LOG_APPEND_TIME | 7)),
    "bytes that the codec did not write": with_header(BatchHeader(2, LOG_APPEND_TIME | ZSTD), b"not compressed"),
    "a bomb": batch_bytes([record_bytes(0, b" " * 50_000_000)], BatchHeader(2), GZIP),
    "a record that is cut": with_header(BatchHeader(2), record_bytes(0, b"3")[:-1]),
    "bytes after the last record": with_header(BatchHeader(2), record_bytes(0, b"3") + b"\0"),
    "fewer records than it says": batch_bytes(value_records(3), BatchHeader(2, record_count=2, last_offset_delta=0)),
    "two thousand million records": batch_bytes(
        value_records(3), BatchHeader(2, record_count=2**31 - 1, last_offset_delta=0)
    ),
    "a negative number of records": batch_bytes(value_records(3), BatchHeader(2, record_count=-1, last_offset_delta=0)),
    "a key that is longer than the batch": with_header(BatchHeader(2), record_body(varint(1 << 40), b"3")),
    "a value that is longer than memory": with_header(
        BatchHeader(2), record_body(varint_bytes(b"k"), varint((1 << 63) - 1))
    ),
    "headers without end": with_header(
        BatchHeader(2), record_body(varint_bytes(b"k"), varint_bytes(b"3"), varint(1 << 50))
    ),
    "a negative number of headers": with_header(
        BatchHeader(2), record_body(varint_bytes(b"k"), varint_bytes(b"3"), varint(-1))
    ),
    "a header without a name": with_header(
        BatchHeader(2), record_body(varint_bytes(b"k"), varint_bytes(b"3"), varint(1), varint(-1), varint_bytes(b""))
    ),
    "a number without end": with_header(BatchHeader(2), b"\xff" * 40),
    "a record with a length of its own": with_header(BatchHeader(2), varint(99) + record_bytes(0, b"3")[1:]),
    "an offset beyond its last one": batch_bytes([record_bytes(5, b"3")], BatchHeader(2)),
    "an offset before its first one": batch_bytes([record_bytes(-1, b"3")], BatchHeader(2)),
    "a name that is not UTF-8 and a header without a name": with_header(
        BatchHeader(2),
        record_body(
            varint_bytes(b"k"),
            varint_bytes(b"3"),
            varint(2),
            varint_bytes(b"\xff"),
            varint_bytes(b""),
            varint(-1),
            varint_bytes(b""),
        ),
    ),
    "a name that is not UTF-8 and bytes after it": with_header(
        BatchHeader(2), record_bytes(0, b"3", [(b"\xff", b"")]) + b"\0"
    ),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_cannot_be_read_is_reported_once_and_passed(what: str) -> None:
    outcome = read_log([valid_batch(0, 1, 2), UNREADABLE[what], valid_batch(3, 5)])

    assert outcome.values == [*GOOD_VALUES, b"5"]
    assert [(one.offset, one.logged_at) for one in outcome.unreadable] == [(2, BATCH_TIMESTAMP_MS)]
    assert outcome.position == 4


@pytest.mark.parametrize("what", UNREADABLE)
def test_it_is_the_same_for_any_size_of_an_answer_and_from_any_offset(what: str) -> None:
    log = [valid_batch(0, 1, 2), UNREADABLE[what], valid_batch(3, 5)]

    for size in (1, 80, 150, 1 << 20):
        assert read_log(log, size=size).results == read_log(log).results
    for start in range(5):
        found = [one for one in read_log(log).results if one.offset >= start]
        assert read_log(log, at=start).results == found


def test_a_batch_of_several_records_is_refused_whole_with_how_many_they_are() -> None:
    broken = with_header(BatchHeader(2), b"".join([*value_records(3, 4), record_bytes(2, b"5")[:-1]]), total=3)

    outcome = read_log([valid_batch(0, 1, 2), broken, valid_batch(5, 6)])

    assert outcome.values == [*GOOD_VALUES, b"6"]
    assert outcome.unreadable == [UnreadableBatch(*TOPIC_PARTITION, 2, BATCH_TIMESTAMP_MS, 3)]


def test_offsets_that_go_back_within_a_batch_refuse_it() -> None:
    log = [batch_bytes([record_bytes(0, b"1"), record_bytes(2, b"2"), record_bytes(1, b"3")])]

    assert [(one.offset, one.record_count) for one in read_log(log).unreadable] == [(0, 3)]


@pytest.mark.parametrize("codec", [0, *CODECS])
@pytest.mark.parametrize("name", [b"traceparent\xff\xfe", b"ce_id\xff", b"\x80", b"content-type\xc3"])
def test_a_header_name_that_is_not_utf_8_refuses_nothing_and_is_none_of_ours(codec: int, name: bytes) -> None:
    odd = batch_bytes([*value_records(1), record_bytes(1, b"2", [(name, b"x"), (b"ce_type", b"t")])], codec=codec)

    _, found = read_log([odd]).results

    assert isinstance(found, ConsumedRecord)
    (first, _), second = found.headers
    assert (found.value, second) == (b"2", ("ce_type", b"t"))
    assert not first.startswith(("ce_", "content-type"))


def test_very_many_headers_take_no_more_room_than_an_event_may() -> None:
    many = [(b"", b"")] * 100_000 + [(b"ce_id", b"1")] + [(b"x", b"y" * 100)] * 1_000

    (found,) = read_log([batch_bytes([record_bytes(0, b"1", many)])]).results

    assert len(found.headers) < 100
    assert ("ce_id", b"1") in found.headers
    assert sum(len(name) + len(content) for name, content in found.headers) > 16 * 1024


def test_a_record_without_a_stamp_is_read_with_none() -> None:
    (found,) = read_log([batch_bytes(value_records(1), BatchHeader(attributes=0, timestamp_ms=-1))]).results

    assert (found.timestamp, found.timestamp_type) == (-1, 0)


@pytest.mark.parametrize("data", [valid_batch(2, 3), valid_batch(2, 3, codec=ZSTD)], ids=["plain", "compressed"])
@pytest.mark.parametrize("place", [17, 22, 30, 60, 65])
def test_a_checksum_that_stays_wrong_is_fetched_again_and_then_passed(data: bytes, place: int) -> None:
    outcome = read_log([valid_batch(0, 1, 2), flip_bits(data, place), valid_batch(3, 5)])

    assert outcome.values == [*GOOD_VALUES, b"5"]
    assert [one.offset for one in outcome.unreadable] == [2]
    assert outcome.answer_count == 1 + MAX_FETCH_ATTEMPTS + 1


def test_a_checksum_that_was_wrong_on_the_way_refuses_nothing() -> None:
    memory = UnreadableBatchTracker(lambda _: FETCH_TIME_MS)

    for _ in range(MAX_FETCH_ATTEMPTS - 1):
        assert list(read_response(flip_bits(valid_batch(0, 1, 2), 65), 0, (), memory)) == []
    found = list(read_response(valid_batch(0, 1, 2), 0, (), memory))

    assert [one.value for one in found] == GOOD_VALUES


def test_a_wrong_checksum_says_nothing_of_stamps_and_is_reported_as_fetched() -> None:
    outcome = read_log([flip_bits(valid_batch(0, 1, 2), 36, 0x7F)])

    assert [one.logged_at for one in outcome.unreadable] == [FETCH_TIME_MS]


@pytest.mark.parametrize("magic", [3, 99, 255])
def test_a_format_of_the_future_is_passed(magic: int) -> None:
    future = batch_bytes(value_records(3, 4), BatchHeader(2, magic=magic))

    outcome = read_log([valid_batch(0, 1, 2), future, valid_batch(4, 5)])

    assert outcome.values == [*GOOD_VALUES, b"5"]
    assert [(one.offset, one.record_count) for one in outcome.unreadable] == [(2, 2)]


def message_set(base: int, magic: int) -> bytes:
    """Return a message as Kafka before 0.11 stored it."""
    covered = (
        bytes([magic, 0])
        + (struct.pack(">q", BATCH_TIMESTAMP_MS) if magic else b"")
        + struct.pack(">i", -1)
        + b"\0\0\0\x013"
    )
    return struct.pack(">qiI", base, 4 + len(covered), crc32(covered)) + covered


@pytest.mark.parametrize("magic", [0, 1])
def test_a_message_of_before_kafka_0_11_is_passed(magic: int) -> None:
    outcome = read_log([valid_batch(0, 1, 2), message_set(2, magic), message_set(3, magic), valid_batch(4, 5)])

    assert outcome.values == [*GOOD_VALUES, b"5"]
    assert [one.offset for one in outcome.unreadable] == [2, 3]
    assert outcome.answer_count == 1


@pytest.mark.parametrize("length", [-1, -(2**31), 0, 5, 48, 2**31 - 1])
def test_a_length_that_lies_costs_no_batch_before_it(length: int) -> None:
    outcome = read_log(
        [valid_batch(0, 1, 2), batch_bytes(value_records(3), BatchHeader(2, length=length)), valid_batch(3, 5)]
    )

    assert outcome.values == [*GOOD_VALUES, b"5"]
    assert [one.offset for one in outcome.unreadable] == [2]


def test_a_batch_that_an_answer_cuts_is_no_fault() -> None:
    log = [valid_batch(0, 1, 2), valid_batch(2, 3, 4)]

    for size in range(len(log[0]), len(log[0]) + len(log[1])):
        outcome = read_log(log, size=size)
        assert (outcome.values, outcome.unreadable) == ([b"1", b"2", b"3", b"4"], [])


def test_a_batch_larger_than_an_answer_is_read() -> None:
    outcome = read_log([batch_bytes([record_bytes(0, b"x" * 100_000)])], size=10)

    assert [len(value or b"") for value in outcome.values] == [100_000]


@pytest.mark.parametrize("rubbish", [b"\0", b"\xff" * 16, b"\0" * 17, b"\xff" * 500, bytes(500)])
def test_an_answer_in_which_nothing_is_a_batch_moves_on_after_some_attempts(rubbish: bytes) -> None:
    memory = UnreadableBatchTracker(lambda _: FETCH_TIME_MS)

    for _ in range(MAX_FETCH_ATTEMPTS - 1):
        records = read_response(rubbish, 7, (), memory)
        assert (list(records), records.next_fetch_offset) == ([], 7)
    records = read_response(rubbish, 7, (), memory)

    assert list(records) == [UnreadableBatch(*TOPIC_PARTITION, 7, FETCH_TIME_MS, None)]
    assert records.next_fetch_offset == 8


def test_batches_whose_offsets_go_back_are_not_read_again() -> None:
    records = read_response(valid_batch(5, 1, 2) + valid_batch(3, 8, 9) + valid_batch(7, 3), 5)

    assert [one.value for one in records] == [b"1", b"2", b"3"]
    assert records.next_fetch_offset == 8


def test_an_answer_of_batches_that_all_go_back_moves_on_after_some_attempts() -> None:
    memory = UnreadableBatchTracker(lambda _: FETCH_TIME_MS)

    for _ in range(MAX_FETCH_ATTEMPTS - 1):
        assert list(read_response(valid_batch(0, 1, 2), 5, (), memory)) == []

    assert [one.offset for one in read_response(valid_batch(0, 1, 2), 5, (), memory)] == [5]


@pytest.mark.parametrize("end", [{"last_offset_delta": 9}, {}])
def test_an_empty_batch_is_passed_and_refuses_nothing(end: dict[str, int]) -> None:
    empty = batch_bytes([], BatchHeader(2, **{"last_offset_delta": 9} | end))

    outcome = read_log([valid_batch(0, 1, 2), empty, valid_batch(12, 5)])

    assert (outcome.values, outcome.unreadable, outcome.position) == ([*GOOD_VALUES, b"5"], [], 13)


@pytest.mark.parametrize("records", [[], value_records(3, 4)], ids=["empty", "with records"])
def test_a_compacted_batch_at_the_end_of_a_log_is_passed(records: list[bytes]) -> None:
    outcome = read_log([valid_batch(0, 1, 2), batch_bytes(records, BatchHeader(2, last_offset_delta=9))])

    assert (outcome.unreadable, outcome.position) == ([], 12)


@pytest.mark.parametrize("delta", [9, 2**31 - 1])
def test_a_last_offset_that_lies_loses_no_batch_that_follows(delta: int) -> None:
    lying = batch_bytes(value_records(3), BatchHeader(2, last_offset_delta=delta))

    assert read_log([valid_batch(0, 1, 2), lying, valid_batch(3, 5)]).values == [*GOOD_VALUES, b"3", b"5"]


def test_a_last_offset_that_lies_with_the_number_of_records_loses_no_batch_that_follows() -> None:
    lying = batch_bytes(value_records(3), BatchHeader(2, last_offset_delta=99, record_count=100))

    outcome = read_log([valid_batch(0, 1, 2), lying, valid_batch(3, 5)])

    assert outcome.values == [*GOOD_VALUES, b"5"]
    assert [one.offset for one in outcome.unreadable] == [2]


def test_a_negative_last_offset_is_refused() -> None:
    outcome = read_log(
        [valid_batch(0, 1, 2), batch_bytes(value_records(3), BatchHeader(2, last_offset_delta=-5)), valid_batch(3, 5)]
    )

    assert [one.offset for one in outcome.unreadable] == [2]
    assert outcome.values == [*GOOD_VALUES, b"5"]


@pytest.mark.parametrize("bits", [0x40, 0x80, 0x7FC0])
def test_attributes_without_a_meaning_change_nothing(bits: int) -> None:
    assert (
        read_log([batch_bytes(value_records(1, 2), BatchHeader(attributes=LOG_APPEND_TIME | bits))]).values
        == GOOD_VALUES
    )


def marker(base: int, kind: int, producer: int = 9) -> bytes:
    """Return a control batch; 0 aborts a transaction, 1 commits it."""
    end = record_bytes(0, b"\0\0\0\0\0\0", key=struct.pack(">hh", 0, kind))
    return batch_bytes([end], BatchHeader(base, LOG_APPEND_TIME | TRANSACTIONAL | CONTROL, producer=producer))


def transactional_batch(base: int, *numbers: int, producer: int = 9) -> bytes:
    """Return a batch of a transaction."""
    return batch_bytes(value_records(*numbers), BatchHeader(base, LOG_APPEND_TIME | TRANSACTIONAL, producer=producer))


def test_aborted_transactions_are_passed_with_what_cannot_be_read_in_them() -> None:
    broken = with_header(BatchHeader(3, LOG_APPEND_TIME | TRANSACTIONAL | ZSTD, producer=9), b"not compressed")
    log = [
        valid_batch(0, 1, 2),
        transactional_batch(2, 3),
        broken,
        marker(4, 0),
        transactional_batch(5, 5),
        marker(6, 1),
    ]

    outcome = read_log(log, aborted=[(9, 2)])

    assert (outcome.values, outcome.unreadable, outcome.position) == ([*GOOD_VALUES, b"5"], [], 7)


def test_a_committed_batch_that_cannot_be_read_between_aborted_ones_is_reported() -> None:
    broken = with_header(BatchHeader(3, LOG_APPEND_TIME | TRANSACTIONAL | ZSTD, producer=8), b"not compressed")
    log = [transactional_batch(2, 3), broken, marker(4, 0), marker(5, 1, producer=8), valid_batch(6, 5)]

    outcome = read_log(log, aborted=[(9, 2)])

    assert outcome.values == [b"5"]
    assert [one.offset for one in outcome.unreadable] == [3]


def test_a_control_batch_of_an_unknown_type_is_passed_and_refuses_nothing() -> None:
    outcome = read_log([valid_batch(0, 1, 2), marker(2, 7), valid_batch(3, 5)])

    assert (outcome.values, outcome.unreadable) == ([*GOOD_VALUES, b"5"], [])


@pytest.mark.parametrize("key", [None, b"", b"\0\0\0"])
def test_a_control_batch_that_cannot_be_read_is_reported_and_ends_no_transaction_by_guess(key: bytes | None) -> None:
    unclear = batch_bytes(
        [record_bytes(0, b"", key=key)], BatchHeader(3, LOG_APPEND_TIME | TRANSACTIONAL | CONTROL, producer=9)
    )
    answer = transactional_batch(2, 3) + unclear + transactional_batch(4, 5)

    records = read_response(answer, 2, [(9, 2)])

    assert [one.offset for one in records] == [3]
    assert records.next_fetch_offset == 4, "the next answer tells whether the transaction is still aborted"


def test_decompressed_batches_of_one_answer_come_to_no_more_than_one_may_have() -> None:
    size = MAX_DECOMPRESSED_BYTES // 3
    log = [batch_bytes([record_bytes(0, b" " * size)], BatchHeader(base), ZSTD) for base in range(10)]

    records = read_response(b"".join(log), 0)

    assert len(list(records)) == records.next_fetch_offset == 2
    assert read_log(log).position == 10


def test_thousands_of_equal_records_in_a_few_bytes_are_refused_as_one_and_read_of_our_own_topics() -> None:
    many = batch_bytes([record_bytes(place, b"", key=None) for place in range(5_000)], codec=ZSTD)
    own = UnreadableBatchTracker(lambda _: FETCH_TIME_MS, OWN_TOPIC_LIMITS)

    assert len(many) < 5_000
    assert [one.record_count for one in read_log([many]).unreadable] == [5_000]
    assert len(list(read_response(many, 0, (), own))) == 5_000


def test_what_takes_long_to_refuse_leaves_the_rest_to_the_next_answer() -> None:
    one = batch_bytes([record_bytes(0, b" " * 50_000_000)], BatchHeader(0), GZIP)
    # The checksum of a batch does not cover its base offset, the first eight bytes.
    bomb = [base.to_bytes(8, "big") + one[8:] for base in range(40)]

    records = read_response(b"".join(bomb), 0)

    assert 0 < len(list(records)) == records.next_fetch_offset < 40
    assert [refused.offset for refused in read_log(bomb).unreadable] == list(range(40))


def test_of_a_batch_with_very_many_records_no_list_is_made() -> None:
    many = batch_bytes([record_bytes(place, None, key=None) for place in range(50_000)])
    broken = with_header(
        BatchHeader(0), b"".join([record_bytes(place, None) for place in range(50_000)])[:-1], total=50_000
    )

    records = read_response(many, 0)

    assert next(records).offset == 0
    assert records.next_fetch_offset == 1
    assert [one.offset for one in records] == list(range(1, 50_000))
    assert [one.record_count for one in read_response(broken, 0) if isinstance(one, UnreadableBatch)] == [50_000]


def test_a_log_that_begins_within_a_batch_that_cannot_be_read_tells_of_the_rest() -> None:
    broken = with_header(BatchHeader(0), b"nothing", total=4)

    outcome = read_log([broken, valid_batch(4, 5)], at=2)

    assert [one.offset for one in outcome.unreadable] == [2]
    assert outcome.values == [b"5"]
