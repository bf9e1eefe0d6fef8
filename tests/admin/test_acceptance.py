from hypothesis import assume, given
from hypothesis import strategies as st

from streams.admin.source_reset.rules import Log, Where, accepted, fits, sentence
from streams.runtime.journal.checkpoint import Position, Reached

TOPIC, OTHER = "report-filed.harbor", "action-taken.harbor"

ids = st.sampled_from(["", "former", "new"])
offsets = st.integers(0, 50)
reached = st.builds(Reached, offsets, ids)
positions = st.builds(
    Position, st.integers(0, 9), st.dictionaries(st.sampled_from([TOPIC, OTHER]), reached), st.just("registry")
)
logs = st.builds(lambda topic, first, more: Log(TOPIC, topic, first, first + more), ids, offsets, offsets)


@given(positions, logs, st.sampled_from(Where))
def test_an_accepted_position_fits_and_lies_within_the_log(position: Position, log: Log, where: Where) -> None:
    after = accepted(position, log, where)

    assert fits(after, log)
    assert log.first <= after.topics[TOPIC].next <= log.end


@given(positions, logs, st.sampled_from(Where))
def test_nothing_else_of_a_position_is_touched(position: Position, log: Log, where: Where) -> None:
    after = accepted(position, log, where)

    assert (after.now, after.registry) == (position.now, position.registry)
    assert after.topics.get(OTHER) == position.topics.get(OTHER)


@given(positions, logs)
def test_what_is_accepted_is_told_with_both_offsets(position: Position, log: Log) -> None:
    assume(not fits(position, log))

    told = sentence(3, position, log, accepted(position, log, Where.END))

    assert told.startswith(f"{TOPIC} 3: ")
    assert f"{position.topics[TOPIC].next} of topic" in told
    assert f": 0 offsets to read, {log.end - log.first} passed over" in told


def test_a_topic_that_was_never_read_fits() -> None:
    assert fits(Position(), Log(TOPIC, "new", 0, 10))


def test_a_log_of_another_topic_and_one_that_was_cut_do_not_fit() -> None:
    position = Position(topics={TOPIC: Reached(5, "former")})

    assert fits(position, Log(TOPIC, "former", 0, 5))
    assert not fits(position, Log(TOPIC, "new", 0, 9))
    assert not fits(position, Log(TOPIC, "former", 0, 4))
