"""How far a partition has come, and what stays of a topic that is read no further."""

from streams.runtime.journal.checkpoint import (
    Checkpoint,
    TopicOffset,
    decode_checkpoint,
    encode_checkpoint,
    read_through,
    suspended_offset,
)


def test_a_topic_that_is_left_keeps_the_time_up_to_which_it_was_read_while_now_continues() -> None:
    committed = Checkpoint(
        log_time=1_000, topics={"filed": TopicOffset(7, "a"), "taken": TopicOffset(9, "b", read_through=400)}
    )

    stayed = {topic: suspended_offset(committed, topic) for topic in committed.topics}
    later = decode_checkpoint(encode_checkpoint(Checkpoint(log_time=5_000, topics=stayed)))

    assert {topic: read_through(later, topic) for topic in stayed} == {"filed": 1_000, "taken": 400}
    assert {topic: reached.next for topic, reached in later.topics.items()} == {"filed": 7, "taken": 9}
