from hypothesis import assume, given
from hypothesis import strategies as st

from streams.admin.source_reset.rules import ResumeFrom, SourceLog, can_resume, describe_reset, resumed_checkpoint
from streams.runtime.journal.checkpoint import Checkpoint, TopicOffset

TOPIC, OTHER = "report-filed.harbor", "action-taken.harbor"

ids = st.sampled_from(["", "former", "new"])
offsets = st.integers(0, 50)
topic_offsets = st.builds(TopicOffset, offsets, ids)
checkpoints = st.builds(
    Checkpoint, st.integers(0, 9), st.dictionaries(st.sampled_from([TOPIC, OTHER]), topic_offsets), st.just("registry")
)
logs = st.builds(lambda topic, first, more: SourceLog(TOPIC, topic, first, first + more), ids, offsets, offsets)


@given(checkpoints, logs, st.sampled_from(ResumeFrom))
def test_an_accepted_position_fits_and_lies_within_the_log(
    position: Checkpoint, log: SourceLog, where: ResumeFrom
) -> None:
    after = resumed_checkpoint(position, log, where)

    assert can_resume(after, log)
    assert log.first_offset <= after.topics[TOPIC].next <= log.end_offset


@given(checkpoints, logs, st.sampled_from(ResumeFrom))
def test_nothing_else_of_a_position_is_touched(position: Checkpoint, log: SourceLog, where: ResumeFrom) -> None:
    after = resumed_checkpoint(position, log, where)

    assert (after.log_time, after.registry) == (position.log_time, position.registry)
    assert after.topics.get(OTHER) == position.topics.get(OTHER)


past_the_end = st.tuples(st.integers(1, 50), ids)
of_another_topic = st.tuples(st.just(0), st.just("another"))


@given(checkpoints, logs, st.one_of(past_the_end, of_another_topic))
def test_what_is_accepted_is_reported_with_both_offsets(
    position: Checkpoint, log: SourceLog, read: tuple[int, str]
) -> None:
    position.topics[TOPIC] = TopicOffset(log.end_offset + read[0], read[1])
    assume(not can_resume(position, log))

    description = describe_reset(3, position, log, resumed_checkpoint(position, log, ResumeFrom.END))

    assert description.startswith(f"{TOPIC} 3: ")
    assert f"{position.topics[TOPIC].next} of topic" in description
    assert f": 0 offsets to read, {log.end_offset - log.first_offset} skipped" in description


def test_a_topic_that_was_never_read_fits() -> None:
    assert can_resume(Checkpoint(), SourceLog(TOPIC, "new", 0, 10))


def test_a_log_of_another_topic_and_one_that_was_cut_do_not_fit() -> None:
    position = Checkpoint(topics={TOPIC: TopicOffset(5, "former")})

    assert can_resume(position, SourceLog(TOPIC, "former", 0, 5))
    assert not can_resume(position, SourceLog(TOPIC, "new", 0, 9))
    assert not can_resume(position, SourceLog(TOPIC, "former", 0, 4))
