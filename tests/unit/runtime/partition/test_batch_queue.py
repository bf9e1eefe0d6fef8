"""Waiting batches: applied by log time, and actions not ahead of filings that are to be had."""

from aiokafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from streams.runtime.kafka.records import RecordBatch
from streams.runtime.partition.batch_queue import BatchQueue
from tests.support.events.input_record import InputRecord

FILED, TAKEN = "report-filed", "action-taken"
FILING_TOPICS = {TAKEN: frozenset({FILED})}
NO_TOPICS: frozenset[str] = frozenset()


def batch(topic: str, start: int, *timestamps: int) -> RecordBatch:
    records = [
        InputRecord(topic, timestamp=timestamp, offset=start + place) for place, timestamp in enumerate(timestamps)
    ]
    return RecordBatch(TopicPartition(topic, 0), start, start + len(timestamps), 1, records)


def batch_queue(*batches: RecordBatch, most: int = 1_000) -> BatchQueue:
    made = BatchQueue(FILING_TOPICS, most)
    for one in batches:
        made.enqueue(one)
    return made


def timestamps(portion: object) -> list[int]:
    assert portion is not None
    return [record.timestamp for record in portion.batch.records]  # type: ignore[attr-defined]


def test_the_batch_that_was_logged_first_comes_first() -> None:
    waiting = batch_queue(batch(TAKEN, 0, 5), batch(FILED, 0, 9))

    first = waiting.next_slice({FILED: 8, TAKEN: 0}, NO_TOPICS)

    assert timestamps(first) == [5]


def test_what_is_left_of_a_portion_comes_next_and_is_the_last_of_its_batch_once() -> None:
    waiting = batch_queue(batch(FILED, 0, 1, 2, 3, 4), most=3)
    read = {FILED: 0, TAKEN: 0}
    first = waiting.next_slice(read, NO_TOPICS)
    assert first is not None

    waiting.put_back(first, first.batch.split(1)[1])
    portions = [waiting.next_slice(read, NO_TOPICS), waiting.next_slice(read, NO_TOPICS)]

    assert [timestamps(portion) for portion in portions if portion] == [[2, 3, 4]]
    assert [portion.is_last for portion in portions if portion] == [True]


def test_a_topic_that_is_no_sibling_takes_its_turn_whatever_waits_before_it() -> None:
    loud, quiet = "report-filed.loud", "report-filed.quiet"
    waiting = BatchQueue({}, 2, {loud: frozenset({loud}), quiet: frozenset({quiet})})
    for one in (batch(loud, 0, 1, 2, 3, 4, 5, 6), batch(quiet, 0, 9)):
        waiting.enqueue(one)

    portions = [waiting.next_slice({}, NO_TOPICS, max_records=2) for _ in range(4)]

    assert [timestamps(portion) for portion in portions] == [[1, 2], [9], [3, 4], [5, 6]]


def test_of_two_that_were_logged_at_once_the_filings_come_first() -> None:
    waiting = batch_queue(batch(TAKEN, 0, 5), batch(FILED, 0, 5))

    first = waiting.next_slice({FILED: 0, TAKEN: 0}, NO_TOPICS)

    assert first is not None
    assert first.batch.topic_partition.topic == FILED


def test_actions_come_as_far_as_filings_have_been_read() -> None:
    waiting = batch_queue(batch(TAKEN, 0, 4, 5, 6, 7), batch(FILED, 0, 9))

    first = waiting.next_slice({FILED: 5, TAKEN: 0}, NO_TOPICS)
    second = waiting.next_slice({FILED: 5, TAKEN: 5}, NO_TOPICS)
    third = waiting.next_slice({FILED: 9, TAKEN: 5}, NO_TOPICS)

    assert [timestamps(first), timestamps(second), timestamps(third)] == [[4, 5], [9], [6, 7]]
    assert [one.is_last for one in (first, second, third) if one] == [False, True, True]


def test_actions_wait_for_filings_that_are_expected_and_for_no_others() -> None:
    waiting = batch_queue(batch(TAKEN, 0, 7))

    assert waiting.next_slice({FILED: 5, TAKEN: 0}, frozenset({FILED})) is None
    assert timestamps(waiting.next_slice({FILED: 5, TAKEN: 0}, NO_TOPICS)) == [7]


def test_no_portion_is_larger_than_the_most() -> None:
    waiting = batch_queue(batch(FILED, 3, 1, 2, 3, 4, 5), most=2)

    portions = [waiting.next_slice({FILED: 0, TAKEN: 0}, NO_TOPICS) for _ in range(3)]

    assert [timestamps(portion) for portion in portions] == [[1, 2], [3, 4], [5]]
    assert [(one.batch.start, one.batch.end) for one in portions if one] == [(3, 5), (5, 7), (7, 8)]


_timestamps = st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=6), max_size=4)


@given(_timestamps, _timestamps, st.integers(1, 4))
def test_every_record_comes_once_and_in_the_order_of_its_topic(
    filed: list[list[int]], taken: list[list[int]], most: int
) -> None:
    waiting, put = BatchQueue(FILING_TOPICS, most), {FILED: 0, TAKEN: 0}
    for topic, lists in ((FILED, filed), (TAKEN, taken)):
        for timestamps in lists:
            waiting.enqueue(batch(topic, put[topic], *timestamps))
            put[topic] += len(timestamps)

    read, position = {FILED: 0, TAKEN: 0}, {FILED: 0, TAKEN: 0}
    while portion := waiting.next_slice(read, NO_TOPICS):
        topic = portion.batch.topic_partition.topic
        assert portion.batch.start == position[topic]
        assert [record.offset for record in portion.batch.records] == list(
            range(portion.batch.start, portion.batch.end)
        )
        position[topic] = portion.batch.end
        read[topic] = max(read[topic], *(record.timestamp for record in portion.batch.records))

    assert position == put
