"""What a partition tells a platform of its own events, and when."""

from collections.abc import Iterable

from producers.status.feedback_summary import ReceivedFeedback, SourcePartition, exit_status, summarise_feedback
from streams.contract.events.source_records import Refusal, UnreadableBatch
from streams.contract.outputs import platform_status, refusal_records
from streams.contract.outputs.measures import COUNTERS_PREFIX
from streams.contract.outputs.platform_status import PLATFORM_STATUS_KEY, TopicStatus
from streams.contract.outputs.row_codec import MessagePackCodec
from streams.contract.registry.registry import Platform
from streams.contract.timestamps import format_timestamp
from streams.domain.ledger import counters
from streams.domain.vocabulary import RefusalReason
from streams.edge.exit_codes import FAILURE
from streams.runtime.journal.journal import Row
from streams.runtime.kafka.records import TimestampedRecord
from streams.runtime.partition.commits.feedback import Feedback
from streams.runtime.partition.processor import ReadProgress
from tests.support.events.input_record import InputRecord

NOON = 1_760_000_000_000
SECOND = 1_000
READ_POSITION = ReadProgress(NOON, {"filed": 7, "taken": 9, "lit": 0, "lit-taken": 0}, {"filed": 5})
HARBOR = Platform(id="harbor", provider="-", report_filed="filed", action_taken="taken", feedback="heard")
LANTERN = Platform(id="lantern", provider="-", report_filed="lit", action_taken="lit-taken", feedback="seen")
CODEC = MessagePackCodec()

REFUSED = InputRecord("filed", None, None, NOON, partition=3, offset=6)


def feedback_counts(platform: str, **tally: int) -> dict[bytes, bytes | None]:
    """Return the row of a platform's counters."""
    return {COUNTERS_PREFIX + platform.encode(): CODEC.pack(tally)}


def encoded(refusals: Iterable[tuple[Refusal, TimestampedRecord]]) -> list[tuple[str, Row]]:
    """Return refusals as a partition hands them over: encoded, each with its source topic."""
    return [(record.topic, refusal_records.encode_refusal_row(refusal, record)) for refusal, record in refusals]


def test_a_platform_hears_of_its_own_refusals_and_of_no_others() -> None:
    feedback = Feedback(3, [HARBOR, LANTERN])
    feedback.due_rows((), READ_POSITION, NOON)
    own, other = REFUSED, REFUSED._replace(topic="report-filed")
    refusals: list[tuple[Refusal, TimestampedRecord]] = [
        (Refusal(RefusalReason.TOO_OLD, "time", "harbor"), own),
        (Refusal(RefusalReason.NOT_JSON, "", ""), other),
    ]

    rows = feedback.due_rows(encoded(refusals), READ_POSITION, NOON)

    assert set(rows) == {"heard"}
    (key, value), (status_key, _) = rows["heard"]
    assert (key, status_key) == (refusal_records.refusal_key(own), PLATFORM_STATUS_KEY)
    assert refusal_records.decode_refusal(value or b"").data.reason is RefusalReason.TOO_OLD


def test_a_status_says_what_the_counters_and_positions_say() -> None:
    feedback = Feedback(3, [HARBOR])
    through = {counters.declared_watermark("report-filed"): NOON, counters.declared_watermark("action-taken"): NOON - 1}
    tally = {
        counters.refused(RefusalReason.TOO_OLD): 4,
        counters.DUPLICATES: 2,
        counters.HISTORY: 1,
        counters.ORPHANS: 6,
    }
    feedback.update_counters({b"r|harbor|x": b"", **feedback_counts("harbor", **through, **tally)})

    ((_, value),) = feedback.due_rows((), READ_POSITION, NOON)["heard"]

    event = platform_status.decode_platform_status(value or b"")
    said = event.data
    assert (event.time, said.as_of, said.complete_through) == (
        *[format_timestamp(NOON)] * 2,
        format_timestamp(NOON - 1),
    )
    assert said.topics == [TopicStatus(topic="filed", next=7, read=5), TopicStatus(topic="taken", next=9, read=0)]
    assert (said.refused, said.duplicates, said.history, said.waiting) == ({RefusalReason.TOO_OLD: 4}, 2, 1, 6)


def test_a_status_is_published_again_when_a_log_was_read_further_than_its_last_record() -> None:
    feedback = Feedback(3, [HARBOR])
    feedback.due_rows((), READ_POSITION, NOON)
    further = READ_POSITION._replace(next_offsets={"filed": 8, "taken": 9})

    assert feedback.due_rows((), READ_POSITION, NOON + 5 * SECOND) == {}
    assert set(feedback.due_rows((), further, NOON + 5 * SECOND)) == {"heard"}


def test_a_status_is_published_at_once_then_when_it_changes_and_else_once_a_minute() -> None:
    feedback = Feedback(3, [HARBOR, LANTERN])

    def topics_at(seconds: int) -> set[str]:
        return set(feedback.due_rows((), READ_POSITION, NOON + seconds * SECOND))

    assert topics_at(0) == {"heard", "seen"}
    feedback.update_counters(feedback_counts("harbor", filed=1))
    assert topics_at(4) == set()
    assert topics_at(5) == {"heard"}
    assert topics_at(59) == set()
    assert topics_at(60) == {"seen"}
    assert topics_at(65) == {"heard"}


def test_nothing_is_asked_to_a_platform_that_is_not_read() -> None:
    feedback = Feedback(3, [HARBOR, LANTERN])
    suspended = READ_POSITION._replace(next_offsets={"lit": 4, "lit-taken": 2})
    feedback.update_counters(feedback_counts("harbor", filed=1))

    assert set(feedback.due_rows((), suspended, NOON)) == {"seen"}
    assert set(feedback.due_rows((), READ_POSITION, NOON + SECOND)) == {"heard"}


def test_a_platform_that_catches_up_gets_a_status_as_far_as_its_own_topics_were_read() -> None:
    feedback = Feedback(3, [HARBOR, LANTERN])

    rows = feedback.due_rows((), READ_POSITION._replace(catching_up={"taken": NOON - SECOND}), NOON)

    as_of = {
        topic: platform_status.decode_platform_status(value or b"").data.as_of for topic, ((_, value),) in rows.items()
    }
    assert as_of == {"heard": format_timestamp(NOON - SECOND), "seen": format_timestamp(NOON)}


def test_a_batch_that_cannot_be_read_and_an_event_beyond_the_capacity_are_published_to_their_platform() -> None:
    feedback = Feedback(3, [HARBOR])
    batch = UnreadableBatch("filed", 3, 6, NOON, 5)
    refusals: list[tuple[Refusal, TimestampedRecord]] = [
        (Refusal(RefusalReason.UNDECODABLE, "", "harbor"), batch),
        (Refusal(RefusalReason.OVER_CAPACITY, "", "harbor"), REFUSED._replace(offset=11)),
    ]
    feedback.update_counters(
        feedback_counts("harbor", **{counters.refused(reason.reason): 1 for reason, _ in refusals})
    )

    rows = feedback.due_rows(encoded(refusals), READ_POSITION._replace(records_read={"filed": 2}), NOON)["heard"]

    found = ReceivedFeedback()
    for key, value in rows:
        found.apply_record(3, key, value)
    document = summarise_feedback("harbor", found, {SourcePartition("filed", 3): 7, SourcePartition("taken", 3): 9})
    assert {(group.reason, group.first.offset) for group in document.refusals} == {
        (RefusalReason.UNDECODABLE, 6),
        (RefusalReason.OVER_CAPACITY, 11),
    }
    assert (document.read, document.accepted, document.refused) == (2, 0, 2)
    assert exit_status(document) == FAILURE


def test_a_status_that_cannot_be_published_now_is_published_at_once_when_it_can_be() -> None:
    feedback = Feedback(3, [HARBOR, LANTERN])
    refusals: list[tuple[Refusal, TimestampedRecord]] = [(Refusal(RefusalReason.TOO_OLD, "time", "harbor"), REFUSED)]

    assert set(feedback.due_rows(encoded(refusals), READ_POSITION, NOON, {"harbor"})) == {"seen"}
    assert set(feedback.due_rows((), READ_POSITION, NOON + SECOND)) == {"heard"}
