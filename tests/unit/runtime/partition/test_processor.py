"""The application of record batches: from the position, once, and in the time of the logs."""

import json
import logging
from collections.abc import Mapping
from typing import Any

import pytest
from aiokafka import TopicPartition
from typing_extensions import override

from streams.contract.events.decoder import EventDecoder
from streams.contract.events.keys import record_key
from streams.contract.events.source_records import Refusal, UnreadableBatch
from streams.contract.registry.registry import Registry
from streams.domain.duration_bins import HOUR, MINUTE
from streams.domain.log_time import PartitionClock
from streams.domain.vocabulary import RefusalReason
from streams.runtime.kafka.records import RecordBatch
from streams.runtime.partition.processor import PartitionProcessor
from streams.runtime.partition.takeover.starting_point import LaggingPlatforms, StartingPoint
from tests.support.events.event_lines import EPOCH_OFFSET_MS, filing_line
from tests.support.events.input_record import InputRecord
from tests.support.process.counting.counting_worker import PLATFORM, CountingLedger, NumberDecoder

FILED, TAKEN = "report-filed", "action-taken"
WALL_CLOCK_MS = 1_000_000 * HOUR


def fetched_record(
    offset: int,
    value: bytes | None,
    timestamp: int = WALL_CLOCK_MS,
    **more: Any,  # noqa: ANN401 - other fields
) -> InputRecord:
    fields: dict[str, Any] = {"topic": FILED, "key": b"harbor|a", **more}
    return InputRecord(value=value, timestamp=timestamp, offset=offset, **fields)


def processor_at(position: int, ledger: CountingLedger | None = None, now: int = 0) -> PartitionProcessor:
    time = PartitionClock((FILED, TAKEN), now)
    return started(ledger or CountingLedger(), StartingPoint(time, {FILED: position, TAKEN: 0}))


def started(ledger: CountingLedger, start: StartingPoint) -> PartitionProcessor:
    processor = PartitionProcessor(ledger, NumberDecoder())
    processor.start(start)
    return processor


def batch(start: int, end: int, *records: InputRecord, topic: str = FILED) -> RecordBatch:
    return RecordBatch(TopicPartition(topic, 0), start, end, 1, records)


def totals(intake: PartitionProcessor) -> dict[str, int]:
    ledger = intake.ledger
    assert isinstance(ledger, CountingLedger)
    return ledger.totals


def test_a_batch_from_the_position_is_applied_and_moves_it() -> None:
    intake = processor_at(5)
    fetched = batch(5, 7, fetched_record(5, b"100"), fetched_record(6, b"200"))

    intake.process(fetched, WALL_CLOCK_MS)

    assert intake.is_contiguous(fetched)
    assert totals(intake) == {"records": 2, "sum": 300, "refused": 0}
    assert intake.next_offsets[FILED] == 7


def test_records_below_the_position_are_skipped() -> None:
    intake = processor_at(6)

    intake.process(batch(5, 7, fetched_record(5, b"100"), fetched_record(6, b"200")), WALL_CLOCK_MS)

    assert totals(intake)["sum"] == 200


def test_a_batch_wholly_below_the_position_changes_nothing() -> None:
    intake = processor_at(9)

    intake.process(batch(5, 7, fetched_record(5, b"100"), fetched_record(6, b"200")), WALL_CLOCK_MS)

    assert totals(intake)["records"] == 0
    assert intake.next_offsets[FILED] == 9


def test_the_control_records_of_a_transactional_publisher_are_no_gap() -> None:
    intake = processor_at(5)
    fetched = batch(5, 12, fetched_record(7, b"100"), fetched_record(10, b"200"))

    intake.process(fetched, WALL_CLOCK_MS)

    assert intake.is_contiguous(fetched)
    assert intake.next_offsets[FILED] == 12


def test_a_batch_from_beyond_the_position_does_not_follow() -> None:
    assert not processor_at(5).is_contiguous(batch(6, 7, fetched_record(6, b"100")))


def test_a_refusal_of_the_decoder_is_counted_and_published_with_its_record() -> None:
    intake = processor_at(0)

    intake.process(batch(0, 2, fetched_record(0, b"?"), fetched_record(1, b"100")), WALL_CLOCK_MS)

    refused = intake.drain_refusals().events
    assert [(refusal.reason, record.offset) for refusal, record in refused] == [(RefusalReason.NOT_JSON, 0)]
    assert totals(intake) == {"records": 1, "sum": 100, "refused": 1}


def test_a_bug_of_ours_refuses_the_record_without_its_content(caplog: pytest.LogCaptureFixture) -> None:
    intake = processor_at(0)

    with caplog.at_level(logging.ERROR):
        intake.process(batch(0, 2, fetched_record(0, b"13"), fetched_record(1, b"100")), WALL_CLOCK_MS)

    assert [refusal.reason for refusal, _ in intake.drain_refusals().events] == [RefusalReason.INTERNAL]
    assert totals(intake)["sum"] == 100
    assert "RuntimeError" in caplog.text
    assert "with content" not in caplog.text


def test_time_is_advanced_before_a_record_is_applied_and_not_beyond_the_sibling() -> None:
    ledger = CountingLedger()
    ledger.next_due = 0
    intake = processor_at(0, ledger)
    intake.process(batch(0, 1, fetched_record(0, b"1", WALL_CLOCK_MS - HOUR, topic=TAKEN), topic=TAKEN), WALL_CLOCK_MS)

    intake.process(
        batch(0, 2, fetched_record(0, b"1", WALL_CLOCK_MS - 2 * HOUR), fetched_record(1, b"2", WALL_CLOCK_MS)),
        WALL_CLOCK_MS,
    )

    assert [at for at in ledger.advanced if at][:2] == [WALL_CLOCK_MS - 2 * HOUR, WALL_CLOCK_MS - HOUR]
    assert max(ledger.advanced) == WALL_CLOCK_MS - HOUR


class BusyLedger(CountingLedger):
    """Has so much to decide that an advance gets no further than `reach`."""

    advance_limit = 0

    @override
    def advance(self, now: int, most: int) -> int:
        return min(super().advance(now, most), self.advance_limit)


def test_no_record_is_applied_before_the_ledger_has_got_to_its_time() -> None:
    ledger = BusyLedger()
    ledger.next_due, ledger.advance_limit = 0, WALL_CLOCK_MS - HOUR
    intake = processor_at(0, ledger)
    intake.process(batch(0, 1, fetched_record(0, b"1", WALL_CLOCK_MS, topic=TAKEN), topic=TAKEN), WALL_CLOCK_MS)

    rest = intake.process(
        batch(
            0,
            3,
            fetched_record(0, b"1", WALL_CLOCK_MS - HOUR),
            fetched_record(1, b"2", WALL_CLOCK_MS),
            fetched_record(2, b"3"),
        ),
        WALL_CLOCK_MS,
    )

    assert rest == batch(1, 3, fetched_record(1, b"2", WALL_CLOCK_MS), fetched_record(2, b"3"))
    assert intake.next_offsets[FILED] == 1
    assert (intake.has_due_work, intake.partition_clock.now, totals(intake)["records"]) == (
        True,
        WALL_CLOCK_MS - HOUR,
        2,
    )


def test_a_batch_continues_where_it_was_left_once_the_ledger_is_no_longer_behind() -> None:
    ledger = BusyLedger()
    ledger.next_due, ledger.advance_limit = 0, WALL_CLOCK_MS - HOUR
    intake = processor_at(0, ledger)
    intake.process(batch(0, 1, fetched_record(0, b"1", WALL_CLOCK_MS, topic=TAKEN), topic=TAKEN), WALL_CLOCK_MS)
    rest = intake.process(
        batch(0, 2, fetched_record(0, b"1", WALL_CLOCK_MS - HOUR), fetched_record(1, b"2", WALL_CLOCK_MS)),
        WALL_CLOCK_MS,
    )
    assert rest is not None

    ledger.advance_limit = WALL_CLOCK_MS
    intake.advance()
    intake.process(rest, WALL_CLOCK_MS)

    assert intake.next_offsets[FILED] == 2
    assert (intake.has_due_work, intake.partition_clock.now, totals(intake)["records"]) == (False, WALL_CLOCK_MS, 3)


def test_a_senders_stamp_in_the_future_is_refused_and_moves_no_time() -> None:
    intake = processor_at(0)
    ahead = fetched_record(0, b"100", WALL_CLOCK_MS + HOUR, timestamp_type=0)

    intake.process(batch(0, 1, ahead), WALL_CLOCK_MS)
    intake.process(batch(0, 1, fetched_record(0, b"1", WALL_CLOCK_MS, topic=TAKEN), topic=TAKEN), WALL_CLOCK_MS)

    refused = [refusal for refusal, _ in intake.drain_refusals().events]
    assert refused == [Refusal(RefusalReason.FUTURE_TIME, "recordedtime", PLATFORM)]
    assert intake.partition_clock.now == 0
    assert intake.next_offsets[FILED] == 1
    assert intake.uncommitted_records == 2


def test_a_batch_that_cannot_be_read_is_refused_in_its_place_and_moves_the_position_but_no_time() -> None:
    intake = processor_at(0)
    unreadable = UnreadableBatch(FILED, 0, 1, WALL_CLOCK_MS + HOUR, 40)

    intake.process(
        RecordBatch(
            TopicPartition(FILED, 0), 0, 42, 1, [fetched_record(0, b"100"), unreadable, fetched_record(41, b"200")]
        ),
        WALL_CLOCK_MS,
    )

    ((refusal, record),) = intake.drain_refusals().events
    assert (refusal, record) == (Refusal(RefusalReason.UNDECODABLE, "", PLATFORM), unreadable)
    assert totals(intake) == {"records": 2, "sum": 300, "refused": 1}
    assert (
        intake.next_offsets[FILED],
        intake.uncommitted_records,
        intake.partition_clock.applied_through()[FILED],
    ) == (
        42,
        3,
        WALL_CLOCK_MS,
    )


def test_a_batch_with_nothing_but_what_cannot_be_read_moves_the_position_and_no_time() -> None:
    intake = processor_at(0)

    intake.process(
        RecordBatch(TopicPartition(FILED, 0), 0, 40, 1, [UnreadableBatch(FILED, 0, 0, WALL_CLOCK_MS + HOUR, 40)]),
        WALL_CLOCK_MS,
    )

    assert (intake.next_offsets[FILED], intake.partition_clock.now) == (40, 0)


def test_a_senders_stamp_a_little_ahead_counts_as_now() -> None:
    intake = processor_at(0)

    intake.process(batch(0, 1, fetched_record(0, b"100", WALL_CLOCK_MS + MINUTE, timestamp_type=0)), WALL_CLOCK_MS)
    intake.process(
        batch(0, 1, fetched_record(0, b"1", WALL_CLOCK_MS + MINUTE, topic=TAKEN), topic=TAKEN), WALL_CLOCK_MS
    )

    assert intake.partition_clock.now == WALL_CLOCK_MS


def test_a_senders_stamp_ahead_of_what_it_stamps_is_refused_under_the_platform() -> None:
    intake = processor_at(0)
    intake._decoder = EventDecoder(Registry.accepting_all())
    line = filing_line("a", at=0)
    record = fetched_record(
        0, line, EPOCH_OFFSET_MS + HOUR, timestamp_type=0, key=record_key("meadow", json.loads(line)["subject"])
    )

    intake.process(batch(0, 1, record), EPOCH_OFFSET_MS)
    intake.process(batch(1, 2, record._replace(offset=1)), EPOCH_OFFSET_MS + HOUR)

    refused = [refusal for refusal, _ in intake.drain_refusals().events]
    assert refused == [Refusal(RefusalReason.FUTURE_TIME, "recordedtime", "meadow")]
    assert totals(intake)["records"] == 1


def test_a_senders_stamp_a_little_ahead_gives_no_more_room_to_what_it_stamps() -> None:
    intake = processor_at(0)
    intake._decoder = EventDecoder(Registry.accepting_all())
    line = filing_line("a", at=3 * MINUTE)
    record = fetched_record(
        0, line, EPOCH_OFFSET_MS + 2 * MINUTE, timestamp_type=0, key=record_key("meadow", json.loads(line)["subject"])
    )

    intake.process(batch(0, 1, record), EPOCH_OFFSET_MS)

    refused = [refusal for refusal, _ in intake.drain_refusals().events]
    assert refused == [Refusal(RefusalReason.FUTURE_TIME, "time", "meadow")]


def test_the_brokers_stamp_is_believed_whatever_our_clock_says() -> None:
    intake = processor_at(0)

    intake.process(batch(0, 1, fetched_record(0, b"100", WALL_CLOCK_MS + HOUR)), WALL_CLOCK_MS)

    assert totals(intake)["records"] == 1


class HoldingLedger(CountingLedger):
    """Keeps up to when it is to decide about whom; it gets there at once, unless it is `slow`."""

    is_slow = False

    def __init__(self) -> None:
        super().__init__()
        self.limits: list[dict[str, int]] = []

    @override
    def advance_limited(self, limits: Mapping[str, int], max_due: int) -> bool:
        self.limits.append(dict(limits))
        return not self.is_slow


PLATFORMS_BY_TOPIC = {FILED: frozenset({"harbor"}), TAKEN: frozenset({"harbor"}), "other": frozenset({"meadow"})}


def processor_two_hours_behind(ledger: CountingLedger, lagging: LaggingPlatforms) -> PartitionProcessor:
    """Return the intake of a partition whose one platform was read two hours less far than the other."""
    groups = {FILED: frozenset({FILED, TAKEN}), TAKEN: frozenset({FILED, TAKEN}), "other": frozenset({"other"})}
    read = {FILED: WALL_CLOCK_MS - 2 * HOUR, TAKEN: WALL_CLOCK_MS - 2 * HOUR}
    time = PartitionClock((FILED, TAKEN, "other"), WALL_CLOCK_MS, groups, read)
    return started(ledger, StartingPoint(time, {FILED: 0, TAKEN: 0, "other": 0}, lagging))


def test_a_platform_that_is_behind_is_decided_as_far_as_its_own_topics_are_read() -> None:
    ledger = HoldingLedger()
    intake = processor_two_hours_behind(ledger, LaggingPlatforms({"gone": 5}, PLATFORMS_BY_TOPIC))

    intake.process(batch(0, 1, fetched_record(0, b"1", WALL_CLOCK_MS - HOUR)), WALL_CLOCK_MS)
    intake.process(batch(0, 1, fetched_record(0, b"1", WALL_CLOCK_MS - HOUR, topic=TAKEN), topic=TAKEN), WALL_CLOCK_MS)
    intake.process(batch(1, 2, fetched_record(1, b"1", WALL_CLOCK_MS)), WALL_CLOCK_MS)
    intake.process(batch(1, 2, fetched_record(1, b"1", WALL_CLOCK_MS, topic=TAKEN), topic=TAKEN), WALL_CLOCK_MS)

    assert ledger.limits == [
        {"gone": 5, "harbor": WALL_CLOCK_MS - 2 * HOUR},
        {"gone": 5, "harbor": WALL_CLOCK_MS - HOUR},
        {"gone": 5},
    ]
    assert intake.partition_clock.now == WALL_CLOCK_MS


def test_no_record_is_taken_before_a_platform_that_is_behind_has_been_decided() -> None:
    ledger = HoldingLedger()
    ledger.is_slow = True
    intake = processor_two_hours_behind(ledger, LaggingPlatforms({}, PLATFORMS_BY_TOPIC))

    intake.advance()
    assert intake.has_due_work

    ledger.is_slow = False
    intake.advance()
    assert not intake.has_due_work
