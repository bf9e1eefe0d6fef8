"""What the records of a feedback topic come to, and how a look at it ends."""

import pytest

from producers.status.feedback_summary import ReceivedFeedback, SourcePartition, exit_status, summarise_feedback
from producers.status.feedback_topics import NoFeedbackTopicError, find_topics
from producers.status.status_text import status_lines
from streams.contract.events.source_records import Refusal
from streams.contract.outputs import platform_status, refusal_records
from streams.contract.outputs.platform_status import PLATFORM_STATUS_KEY, PlatformStatus, TopicStatus
from streams.contract.registry.registry import Platform, Registry
from streams.contract.timestamps import format_timestamp
from streams.domain.vocabulary import RefusalReason
from streams.edge.exit_codes import FAILURE, OK, UNKNOWN
from tests.support.events.input_record import InputRecord

NOON = 1_760_000_000_000
FILED, TAKEN = "report-filed.harbor", "action-taken.harbor"


def feedback_record(
    partition: int, filed: int, taken: int, reasons: dict[RefusalReason, int], through: int | None = NOON
) -> bytes:
    """Return a status that says how many records of each topic were read, and how many were refused."""
    said = PlatformStatus(
        platform="harbor",
        partition=partition,
        as_of=format_timestamp(NOON + partition),
        complete_through=None if through is None else format_timestamp(through),
        topics=[
            TopicStatus(topic=FILED, next=filed, read=filed),
            TopicStatus(topic=TAKEN, next=taken, read=taken),
        ],
        refused=reasons,
        duplicates=1,
        history=2,
        waiting=3,
    )
    return platform_status.encode_platform_status(said, NOON)


def refusal_record(
    feedback: ReceivedFeedback, reason: RefusalReason, place: tuple[str, int, int], field: str = "", at: int = NOON
) -> None:
    """Let a refusal be told."""
    topic, partition, offset = place
    record = InputRecord(topic, None, None, at, (), partition, offset)
    value = refusal_records.encode_refusal(Refusal(reason, field, "harbor"), record)
    feedback.apply_record(record.partition, refusal_records.refusal_key(record), value)


def end_offsets(*counts: int) -> dict[SourcePartition, int]:
    """Return where two partitions of both topics end."""
    topic_partitions = [SourcePartition(topic, partition) for partition in (0, 1) for topic in (FILED, TAKEN)]
    return dict(zip(topic_partitions, counts, strict=True))


def test_what_was_read_is_accepted_or_refused_and_the_rest_lags() -> None:
    feedback = ReceivedFeedback()
    feedback.apply_record(0, PLATFORM_STATUS_KEY, feedback_record(0, 5, 5, {}))
    feedback.apply_record(0, PLATFORM_STATUS_KEY, feedback_record(0, 10, 20, {RefusalReason.TOO_OLD: 4}))
    feedback.apply_record(1, PLATFORM_STATUS_KEY, feedback_record(1, 1, 0, {RefusalReason.ORPHAN: 1}, through=NOON - 1))

    found = summarise_feedback("harbor", feedback, end_offsets(10, 25, 1, 0))

    assert (found.read, found.accepted, found.refused, found.lag) == (31, 26, 5, 5)
    assert found.refused_by_reason == {RefusalReason.ORPHAN: 1, RefusalReason.TOO_OLD: 4}
    assert (found.duplicates, found.history, found.waiting) == (2, 4, 6)
    assert (found.as_of, found.complete_through) == (format_timestamp(NOON), format_timestamp(NOON - 1))


def test_refusals_are_grouped_with_the_first_of_each() -> None:
    feedback = ReceivedFeedback()
    for offset in (7, 5, 6):
        refusal_record(feedback, RefusalReason.TOO_OLD, (FILED, 1, offset), "time", NOON + offset)
    refusal_record(feedback, RefusalReason.TOO_OLD, (FILED, 1, 5), "time", NOON + 5)  # the same record, told twice
    refusal_record(feedback, RefusalReason.WRONG_PARTITION, (TAKEN, 0, 9))

    first, second = summarise_feedback("harbor", feedback, end_offsets(0, 0, 0, 0)).refusals
    (lately,) = summarise_feedback("harbor", feedback, end_offsets(0, 0, 0, 0), since=NOON + 1).refusals

    assert (first.reason, first.field, first.count) == (RefusalReason.TOO_OLD, "time", 3)
    assert (first.first.topic, first.first.partition, first.first.offset) == (FILED, 1, 5)
    assert (second.reason, second.count) == (RefusalReason.WRONG_PARTITION, 1)
    assert lately == first


def test_a_look_ends_with_what_is_worst() -> None:
    feedback = ReceivedFeedback()
    assert exit_status(summarise_feedback("harbor", feedback, end_offsets(0, 0, 0, 0))) == UNKNOWN
    feedback.apply_record(0, PLATFORM_STATUS_KEY, feedback_record(0, 1, 1, {}))
    assert (
        exit_status(summarise_feedback("harbor", feedback, end_offsets(1, 1, 0, 0))) == UNKNOWN
    )  # a partition has told nothing
    feedback.apply_record(1, PLATFORM_STATUS_KEY, feedback_record(1, 0, 0, {}))

    assert exit_status(summarise_feedback("harbor", feedback, end_offsets(1, 1, 0, 0))) == OK
    assert exit_status(summarise_feedback("harbor", feedback, end_offsets(1, 2, 0, 0))) == UNKNOWN
    refusal_record(feedback, RefusalReason.TOO_OLD, (FILED, 0, 0))
    assert exit_status(summarise_feedback("harbor", feedback, end_offsets(1, 2, 0, 0))) == FAILURE
    assert exit_status(summarise_feedback("harbor", feedback, end_offsets(1, 1, 0, 0), since=NOON + 1)) == OK


def test_no_line_is_wider_than_a_terminal_whatever_the_names() -> None:
    feedback, topic = ReceivedFeedback(), f"report-filed.{'h' * 32}"
    refusal_record(feedback, RefusalReason.WRONG_PARTITION, (topic, 4_095, 10**12), "jurisdictions")
    feedback.apply_record(
        0, PLATFORM_STATUS_KEY, feedback_record(0, 10**9, 10**9, {RefusalReason.WRONG_PARTITION: 10**9})
    )

    shown = list(status_lines(summarise_feedback("h" * 32, feedback, end_offsets(10**12, 0, 0, 0), since=NOON)))

    assert max(map(len, shown)) <= 80
    assert f"  {topic} 4095 {10**12}" in shown


def test_a_value_that_no_worker_wrote_is_none_of_ours() -> None:
    with pytest.raises(ValueError, match="required field"):
        ReceivedFeedback().apply_record(0, PLATFORM_STATUS_KEY, b"{}")


def test_a_platform_without_topics_of_its_own_has_no_status() -> None:
    shared = Platform(id="harbor", provider="-", report_filed="report-filed", action_taken="taken", feedback="heard")
    other = Platform(id="lantern", provider="-", report_filed="report-filed", action_taken="others", feedback="own")
    registry = Registry({"harbor": shared, "lantern": other})

    for platform, problem in (("harbor", "topics of its own"), ("nobody", "expected one of harbor, lantern")):
        with pytest.raises(NoFeedbackTopicError, match=problem):
            find_topics(platform, registry)
    with pytest.raises(NoFeedbackTopicError, match="lower-case letter"):
        find_topics("No|body", None)
    assert find_topics("harbor", None) == ("feedback.harbor", (FILED, TAKEN))
    assert find_topics("harbor", Registry({"harbor": shared})) == ("heard", ("report-filed", "taken"))
