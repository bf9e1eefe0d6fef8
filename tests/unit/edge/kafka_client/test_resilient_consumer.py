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
    BY_BROKER,
    CODECS,
    CONTROL,
    FETCHED,
    GZIP,
    PAIR,
    STAMP,
    TRANSACTIONAL,
    ZSTD,
    Header,
    batch,
    good,
    number,
    read_answer,
    read_log,
    record,
    sealed,
    text,
    values,
)

GOOD: Final = [b"1", b"2"]


def changed(data: bytes, place: int, bits: int = 0x01) -> bytes:
    """Return a batch in which bits of one byte are turned over, with the checksum that it had."""
    return data[:place] + bytes([data[place] ^ bits]) + data[place + 1 :]


def body(*parts: bytes) -> bytes:
    """Return a record of these parts, with its length."""
    joined = b"\0" + number(0) + number(0) + b"".join(parts)
    return number(len(joined)) + joined


@pytest.mark.parametrize("codec", [0, *CODECS])
def test_every_codec_is_read(codec: int) -> None:
    outcome = read_log([good(0, 1, 2, codec=codec), good(2, 3, codec=codec)])

    assert outcome.values == [b"1", b"2", b"3"]
    assert (outcome.position, outcome.unreadable) == (3, [])


def test_a_record_comes_out_as_it_was_written() -> None:
    written = batch([record(0, b"value", [(b"ce_id", b"1"), (b"empty", None)])], Header(7))

    (found,) = read_answer(written, 7)

    assert isinstance(found, ConsumedRecord)
    assert tuple(found) == (*PAIR, 7, STAMP, 1, b"k", b"value", [("ce_id", b"1"), ("empty", None)])


UNREADABLE: Final = {
    "a codec that nobody has": batch(values(3), Header(2, BY_BROKER | 5)),
    "another codec that nobody has": batch(values(3), Header(2, BY_BROKER | 7)),
    "bytes that the codec did not write": sealed(Header(2, BY_BROKER | ZSTD), b"not compressed"),
    "a bomb": batch([record(0, b" " * 50_000_000)], Header(2), GZIP),
    "a record that is cut": sealed(Header(2), record(0, b"3")[:-1]),
    "bytes after the last record": sealed(Header(2), record(0, b"3") + b"\0"),
    "fewer records than it says": batch(values(3), Header(2, total=2, delta=0)),
    "two thousand million records": batch(values(3), Header(2, total=2**31 - 1, delta=0)),
    "a negative number of records": batch(values(3), Header(2, total=-1, delta=0)),
    "a key that is longer than the batch": sealed(Header(2), body(number(1 << 40), b"3")),
    "a value that is longer than memory": sealed(Header(2), body(text(b"k"), number((1 << 63) - 1))),
    "headers without end": sealed(Header(2), body(text(b"k"), text(b"3"), number(1 << 50))),
    "a negative number of headers": sealed(Header(2), body(text(b"k"), text(b"3"), number(-1))),
    "a header without a name": sealed(Header(2), body(text(b"k"), text(b"3"), number(1), number(-1), text(b""))),
    "a number without end": sealed(Header(2), b"\xff" * 40),
    "a record with a length of its own": sealed(Header(2), number(99) + record(0, b"3")[1:]),
    "an offset beyond its last one": batch([record(5, b"3")], Header(2)),
    "an offset before its first one": batch([record(-1, b"3")], Header(2)),
    "a name that is not UTF-8 and a header without a name": sealed(
        Header(2), body(text(b"k"), text(b"3"), number(2), text(b"\xff"), text(b""), number(-1), text(b""))
    ),
    "a name that is not UTF-8 and bytes after it": sealed(Header(2), record(0, b"3", [(b"\xff", b"")]) + b"\0"),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_cannot_be_read_is_told_once_and_passed(what: str) -> None:
    outcome = read_log([good(0, 1, 2), UNREADABLE[what], good(3, 5)])

    assert outcome.values == [*GOOD, b"5"]
    assert [(one.offset, one.logged_at) for one in outcome.unreadable] == [(2, STAMP)]
    assert outcome.position == 4


@pytest.mark.parametrize("what", UNREADABLE)
def test_it_is_the_same_for_any_size_of_an_answer_and_from_any_offset(what: str) -> None:
    log = [good(0, 1, 2), UNREADABLE[what], good(3, 5)]

    for size in (1, 80, 150, 1 << 20):
        assert read_log(log, size=size).found == read_log(log).found
    for start in range(5):
        found = [one for one in read_log(log).found if one.offset >= start]
        assert read_log(log, at=start).found == found


def test_a_batch_of_several_records_is_refused_whole_with_how_many_they_are() -> None:
    broken = sealed(Header(2), b"".join([*values(3, 4), record(2, b"5")[:-1]]), total=3)

    outcome = read_log([good(0, 1, 2), broken, good(5, 6)])

    assert outcome.values == [*GOOD, b"6"]
    assert outcome.unreadable == [UnreadableBatch(*PAIR, 2, STAMP, 3)]


def test_offsets_that_go_back_within_a_batch_refuse_it() -> None:
    log = [batch([record(0, b"1"), record(2, b"2"), record(1, b"3")])]

    assert [(one.offset, one.record_count) for one in read_log(log).unreadable] == [(0, 3)]


@pytest.mark.parametrize("codec", [0, *CODECS])
@pytest.mark.parametrize("name", [b"traceparent\xff\xfe", b"ce_id\xff", b"\x80", b"content-type\xc3"])
def test_a_header_name_that_is_not_utf_8_refuses_nothing_and_is_none_of_ours(codec: int, name: bytes) -> None:
    odd = batch([*values(1), record(1, b"2", [(name, b"x"), (b"ce_type", b"t")])], codec=codec)

    _, found = read_log([odd]).found

    assert isinstance(found, ConsumedRecord)
    (first, _), second = found.headers
    assert (found.value, second) == (b"2", ("ce_type", b"t"))
    assert not first.startswith(("ce_", "content-type"))


def test_very_many_headers_take_no_more_room_than_an_event_may() -> None:
    many = [(b"", b"")] * 100_000 + [(b"ce_id", b"1")] + [(b"x", b"y" * 100)] * 1_000

    (found,) = read_log([batch([record(0, b"1", many)])]).found

    assert len(found.headers) < 100
    assert ("ce_id", b"1") in found.headers
    assert sum(len(name) + len(content) for name, content in found.headers) > 16 * 1024


def test_a_record_without_a_stamp_is_read_with_none() -> None:
    (found,) = read_log([batch(values(1), Header(attributes=0, stamp=-1))]).found

    assert (found.timestamp, found.timestamp_type) == (-1, 0)


@pytest.mark.parametrize("data", [good(2, 3), good(2, 3, codec=ZSTD)], ids=["plain", "compressed"])
@pytest.mark.parametrize("place", [17, 22, 30, 60, 65])
def test_a_checksum_that_stays_wrong_is_fetched_again_and_then_passed(data: bytes, place: int) -> None:
    outcome = read_log([good(0, 1, 2), changed(data, place), good(3, 5)])

    assert outcome.values == [*GOOD, b"5"]
    assert [one.offset for one in outcome.unreadable] == [2]
    assert outcome.answers == 1 + MAX_FETCH_ATTEMPTS + 1


def test_a_checksum_that_was_wrong_on_the_way_refuses_nothing() -> None:
    memory = UnreadableBatchTracker(lambda _: FETCHED)

    for _ in range(MAX_FETCH_ATTEMPTS - 1):
        assert list(read_answer(changed(good(0, 1, 2), 65), 0, (), memory)) == []
    found = list(read_answer(good(0, 1, 2), 0, (), memory))

    assert [one.value for one in found] == GOOD


def test_a_wrong_checksum_says_nothing_of_stamps_and_is_told_as_fetched() -> None:
    outcome = read_log([changed(good(0, 1, 2), 36, 0x7F)])

    assert [one.logged_at for one in outcome.unreadable] == [FETCHED]


@pytest.mark.parametrize("magic", [3, 99, 255])
def test_a_format_of_the_future_is_passed(magic: int) -> None:
    future = batch(values(3, 4), Header(2, magic=magic))

    outcome = read_log([good(0, 1, 2), future, good(4, 5)])

    assert outcome.values == [*GOOD, b"5"]
    assert [(one.offset, one.record_count) for one in outcome.unreadable] == [(2, 2)]


def message_set(base: int, magic: int) -> bytes:
    """Return a message as Kafka before 0.11 stored it."""
    covered = bytes([magic, 0]) + (struct.pack(">q", STAMP) if magic else b"") + struct.pack(">i", -1) + b"\0\0\0\x013"
    return struct.pack(">qiI", base, 4 + len(covered), crc32(covered)) + covered


@pytest.mark.parametrize("magic", [0, 1])
def test_a_message_of_before_kafka_0_11_is_passed(magic: int) -> None:
    outcome = read_log([good(0, 1, 2), message_set(2, magic), message_set(3, magic), good(4, 5)])

    assert outcome.values == [*GOOD, b"5"]
    assert [one.offset for one in outcome.unreadable] == [2, 3]
    assert outcome.answers == 1


@pytest.mark.parametrize("length", [-1, -(2**31), 0, 5, 48, 2**31 - 1])
def test_a_length_that_lies_costs_no_batch_before_it(length: int) -> None:
    outcome = read_log([good(0, 1, 2), batch(values(3), Header(2, length=length)), good(3, 5)])

    assert outcome.values == [*GOOD, b"5"]
    assert [one.offset for one in outcome.unreadable] == [2]


def test_a_batch_that_an_answer_cuts_is_no_fault() -> None:
    log = [good(0, 1, 2), good(2, 3, 4)]

    for size in range(len(log[0]), len(log[0]) + len(log[1])):
        outcome = read_log(log, size=size)
        assert (outcome.values, outcome.unreadable) == ([b"1", b"2", b"3", b"4"], [])


def test_a_batch_larger_than_an_answer_is_read() -> None:
    outcome = read_log([batch([record(0, b"x" * 100_000)])], size=10)

    assert [len(value or b"") for value in outcome.values] == [100_000]


@pytest.mark.parametrize("rubbish", [b"\0", b"\xff" * 16, b"\0" * 17, b"\xff" * 500, bytes(500)])
def test_an_answer_in_which_nothing_is_a_batch_moves_on_after_some_attempts(rubbish: bytes) -> None:
    memory = UnreadableBatchTracker(lambda _: FETCHED)

    for _ in range(MAX_FETCH_ATTEMPTS - 1):
        records = read_answer(rubbish, 7, (), memory)
        assert (list(records), records.next_fetch_offset) == ([], 7)
    records = read_answer(rubbish, 7, (), memory)

    assert list(records) == [UnreadableBatch(*PAIR, 7, FETCHED, None)]
    assert records.next_fetch_offset == 8


def test_batches_whose_offsets_go_back_are_not_read_again() -> None:
    records = read_answer(good(5, 1, 2) + good(3, 8, 9) + good(7, 3), 5)

    assert [one.value for one in records] == [b"1", b"2", b"3"]
    assert records.next_fetch_offset == 8


def test_an_answer_of_batches_that_all_go_back_moves_on_after_some_attempts() -> None:
    memory = UnreadableBatchTracker(lambda _: FETCHED)

    for _ in range(MAX_FETCH_ATTEMPTS - 1):
        assert list(read_answer(good(0, 1, 2), 5, (), memory)) == []

    assert [one.offset for one in read_answer(good(0, 1, 2), 5, (), memory)] == [5]


@pytest.mark.parametrize("end", [{"delta": 9}, {}])
def test_an_empty_batch_is_passed_and_refuses_nothing(end: dict[str, int]) -> None:
    empty = batch([], Header(2, **{"delta": 9} | end))

    outcome = read_log([good(0, 1, 2), empty, good(12, 5)])

    assert (outcome.values, outcome.unreadable, outcome.position) == ([*GOOD, b"5"], [], 13)


@pytest.mark.parametrize("records", [[], values(3, 4)], ids=["empty", "with records"])
def test_a_compacted_batch_at_the_end_of_a_log_is_passed(records: list[bytes]) -> None:
    outcome = read_log([good(0, 1, 2), batch(records, Header(2, delta=9))])

    assert (outcome.unreadable, outcome.position) == ([], 12)


@pytest.mark.parametrize("delta", [9, 2**31 - 1])
def test_a_last_offset_that_lies_loses_no_batch_that_follows(delta: int) -> None:
    lying = batch(values(3), Header(2, delta=delta))

    assert read_log([good(0, 1, 2), lying, good(3, 5)]).values == [*GOOD, b"3", b"5"]


def test_a_last_offset_that_lies_with_the_number_of_records_loses_no_batch_that_follows() -> None:
    lying = batch(values(3), Header(2, delta=99, total=100))

    outcome = read_log([good(0, 1, 2), lying, good(3, 5)])

    assert outcome.values == [*GOOD, b"5"]
    assert [one.offset for one in outcome.unreadable] == [2]


def test_a_negative_last_offset_is_refused() -> None:
    outcome = read_log([good(0, 1, 2), batch(values(3), Header(2, delta=-5)), good(3, 5)])

    assert [one.offset for one in outcome.unreadable] == [2]
    assert outcome.values == [*GOOD, b"5"]


@pytest.mark.parametrize("bits", [0x40, 0x80, 0x7FC0])
def test_attributes_without_a_meaning_change_nothing(bits: int) -> None:
    assert read_log([batch(values(1, 2), Header(attributes=BY_BROKER | bits))]).values == GOOD


def marker(base: int, kind: int, producer: int = 9) -> bytes:
    """Return a control batch; 0 aborts a transaction, 1 commits it."""
    end = record(0, b"\0\0\0\0\0\0", key=struct.pack(">hh", 0, kind))
    return batch([end], Header(base, BY_BROKER | TRANSACTIONAL | CONTROL, producer=producer))


def told_in_transaction(base: int, *numbers: int, producer: int = 9) -> bytes:
    """Return a batch of a transaction."""
    return batch(values(*numbers), Header(base, BY_BROKER | TRANSACTIONAL, producer=producer))


def test_aborted_transactions_are_passed_with_what_cannot_be_read_in_them() -> None:
    broken = sealed(Header(3, BY_BROKER | TRANSACTIONAL | ZSTD, producer=9), b"not compressed")
    log = [good(0, 1, 2), told_in_transaction(2, 3), broken, marker(4, 0), told_in_transaction(5, 5), marker(6, 1)]

    outcome = read_log(log, aborted=[(9, 2)])

    assert (outcome.values, outcome.unreadable, outcome.position) == ([*GOOD, b"5"], [], 7)


def test_a_committed_batch_that_cannot_be_read_between_aborted_ones_is_told() -> None:
    broken = sealed(Header(3, BY_BROKER | TRANSACTIONAL | ZSTD, producer=8), b"not compressed")
    log = [told_in_transaction(2, 3), broken, marker(4, 0), marker(5, 1, producer=8), good(6, 5)]

    outcome = read_log(log, aborted=[(9, 2)])

    assert outcome.values == [b"5"]
    assert [one.offset for one in outcome.unreadable] == [3]


def test_a_control_batch_of_an_unknown_type_is_passed_and_refuses_nothing() -> None:
    outcome = read_log([good(0, 1, 2), marker(2, 7), good(3, 5)])

    assert (outcome.values, outcome.unreadable) == ([*GOOD, b"5"], [])


@pytest.mark.parametrize("key", [None, b"", b"\0\0\0"])
def test_a_control_batch_that_cannot_be_read_is_told_and_ends_no_transaction_by_guess(key: bytes | None) -> None:
    unclear = batch([record(0, b"", key=key)], Header(3, BY_BROKER | TRANSACTIONAL | CONTROL, producer=9))
    answer = told_in_transaction(2, 3) + unclear + told_in_transaction(4, 5)

    records = read_answer(answer, 2, [(9, 2)])

    assert [one.offset for one in records] == [3]
    assert records.next_fetch_offset == 4, "the next answer tells whether the transaction is still aborted"


def test_decompressed_batches_of_one_answer_come_to_no_more_than_one_may_have() -> None:
    size = MAX_DECOMPRESSED_BYTES // 3
    log = [batch([record(0, b" " * size)], Header(base), ZSTD) for base in range(10)]

    records = read_answer(b"".join(log), 0)

    assert len(list(records)) == records.next_fetch_offset == 2
    assert read_log(log).position == 10


def test_thousands_of_equal_records_in_a_few_bytes_are_refused_as_one_and_read_of_our_own_topics() -> None:
    many = batch([record(place, b"", key=None) for place in range(5_000)], codec=ZSTD)
    own = UnreadableBatchTracker(lambda _: FETCHED, OWN_TOPIC_LIMITS)

    assert len(many) < 5_000
    assert [one.record_count for one in read_log([many]).unreadable] == [5_000]
    assert len(list(read_answer(many, 0, (), own))) == 5_000


def test_what_takes_long_to_refuse_leaves_the_rest_to_the_next_answer() -> None:
    bomb = [batch([record(0, b" " * 50_000_000)], Header(base), GZIP) for base in range(40)]

    records = read_answer(b"".join(bomb), 0)

    assert 0 < len(list(records)) == records.next_fetch_offset < 40
    assert [one.offset for one in read_log(bomb).unreadable] == list(range(40))


def test_of_a_batch_with_very_many_records_no_list_is_made() -> None:
    many = batch([record(place, None, key=None) for place in range(50_000)])
    broken = sealed(Header(0), b"".join([record(place, None) for place in range(50_000)])[:-1], total=50_000)

    records = read_answer(many, 0)

    assert next(records).offset == 0
    assert records.next_fetch_offset == 1
    assert [one.offset for one in records] == list(range(1, 50_000))
    assert [one.record_count for one in read_answer(broken, 0) if isinstance(one, UnreadableBatch)] == [50_000]


def test_a_log_that_begins_within_a_batch_that_cannot_be_read_tells_of_the_rest() -> None:
    broken = sealed(Header(0), b"nothing", total=4)

    outcome = read_log([broken, good(4, 5)], at=2)

    assert [one.offset for one in outcome.unreadable] == [2]
    assert outcome.values == [b"5"]
