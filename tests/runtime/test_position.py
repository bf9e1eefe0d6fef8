"""How far a partition has come, and what stays of a topic that is read no further."""

from streams.runtime.journal.checkpoint import Position, Reached, decode, encode, left, up_to


def test_a_topic_that_is_left_keeps_the_time_up_to_which_it_was_read_while_now_goes_on() -> None:
    committed = Position(now=1_000, topics={"filed": Reached(7, "a"), "taken": Reached(9, "b", read=400)})

    stayed = {topic: left(committed, topic) for topic in committed.topics}
    later = decode(encode(Position(now=5_000, topics=stayed)))

    assert {topic: up_to(later, topic) for topic in stayed} == {"filed": 1_000, "taken": 400}
    assert {topic: reached.next for topic, reached in later.topics.items()} == {"filed": 7, "taken": 9}
