"""The time of a partition: as far as all its logs have been read, and never back."""

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.duration_bins import HOUR, MINUTE
from streams.domain.log_time import HEAD_GRACE, MAX_LEAD, PartitionClock

FILED, TAKEN = "report-filed", "action-taken"
START = 1_000 * HOUR

Step = tuple[str, str, int]
steps = st.lists(
    st.tuples(
        st.sampled_from(["read", "confirm"]), st.sampled_from([FILED, TAKEN]), st.integers(START, START + 100 * HOUR)
    ),
    max_size=40,
)


def _advanced(time: PartitionClock) -> int:
    time.advance(time.target())
    return time.now


def apply_steps(steps: list[Step], now: int = 0) -> tuple[PartitionClock, list[int]]:
    time = PartitionClock((FILED, TAKEN), now)
    seen = []
    for kind, topic, at in steps:
        if kind == "read":
            time.set_applied_through(topic, at)
        else:
            time.confirm_heads({topic: at})
        seen.append(_advanced(time))
    return time, seen


def test_a_topic_is_held_back_for_its_siblings_alone() -> None:
    late, early = frozenset({"filed.late", "taken.late"}), frozenset({"filed.early", "taken.early"})
    siblings = {topic: group for group in (late, early) for topic in group}
    time = PartitionClock((*late, *early), START, siblings)

    time.set_applied_through("taken.late", START + 2 * MAX_LEAD)
    time.set_applied_through("filed.early", START + 9 * MAX_LEAD)
    time.set_applied_through("taken.early", START + 9 * MAX_LEAD)

    assert time.topics_too_far_ahead() == {"taken.late"}


@given(steps)
def test_time_never_goes_back(steps: list[Step]) -> None:
    _, seen = apply_steps(steps)

    assert seen == sorted(seen)


@given(steps)
def test_time_stays_behind_every_topic_that_is_not_at_its_head(steps: list[Step]) -> None:
    read_only = [step for step in steps if step[0] == "read"]

    time, _ = apply_steps(read_only)

    last = {topic: max((at for _, name, at in read_only if name == topic), default=0) for topic in (FILED, TAKEN)}
    assert time.now == min(last.values())


def test_a_backlog_in_one_topic_holds_the_time_of_the_other() -> None:
    time = PartitionClock((FILED, TAKEN), START)
    time.set_applied_through(FILED, START + 500 * HOUR)

    now = _advanced(time)

    assert now == START


def test_topics_at_their_heads_follow_the_wall_clock_with_a_grace() -> None:
    time = PartitionClock((FILED, TAKEN), START)
    time.confirm_heads({FILED: START + HOUR, TAKEN: START + 2 * HOUR})

    now = _advanced(time)

    assert now == START + HOUR - HEAD_GRACE


def test_time_does_not_move_when_the_broker_no_longer_answers() -> None:
    time = PartitionClock((FILED, TAKEN), START)
    time.confirm_heads({FILED: START + HOUR, TAKEN: START + HOUR})
    before = _advanced(time)
    time.confirm_heads({})

    assert _advanced(time) == before


def test_the_horizon_of_a_topic_is_what_its_siblings_allow() -> None:
    time = PartitionClock((FILED, TAKEN), START)
    time.set_applied_through(TAKEN, START + MINUTE)

    assert time.limit_for(FILED) == START + MINUTE
    assert time.limit_for(TAKEN) == START


def test_a_topic_alone_has_no_horizon() -> None:
    time = PartitionClock((FILED,), START)

    assert time.limit_for(FILED) > START + 10_000 * HOUR


def test_a_topic_far_ahead_of_a_sibling_is_paused() -> None:
    time = PartitionClock((FILED, TAKEN), START)
    time.set_applied_through(FILED, START + MAX_LEAD + 1)

    assert time.topics_too_far_ahead() == {FILED}


def test_nobody_waits_for_a_sibling_at_its_head() -> None:
    time = PartitionClock((FILED, TAKEN), START)
    time.set_applied_through(FILED, START + MAX_LEAD + 1)
    time.confirm_heads({TAKEN: START})

    assert time.topics_too_far_ahead() == frozenset()


@given(steps)
def test_some_topic_is_never_paused(steps: list[Step]) -> None:
    time, _ = apply_steps(steps)

    assert len(time.topics_too_far_ahead()) < 2


WHARF_TOPICS = ("report-filed.wharf", "action-taken.wharf")
SIBLING_TOPICS = dict.fromkeys((FILED, TAKEN), frozenset((FILED, TAKEN))) | dict.fromkeys(
    WHARF_TOPICS, frozenset(WHARF_TOPICS)
)


def clock_with_topic_behind() -> PartitionClock:
    """Return the time of a partition on which one pair of topics was read an hour less far than the other."""
    return PartitionClock(
        (FILED, TAKEN, *WHARF_TOPICS), START + HOUR, SIBLING_TOPICS, dict.fromkeys(WHARF_TOPICS, START)
    )


def test_topics_that_were_not_read_for_a_while_hold_back_nobody() -> None:
    time = clock_with_topic_behind()
    for topic in (FILED, TAKEN):
        time.set_applied_through(topic, START + 2 * HOUR)

    assert time.target() == START + 2 * HOUR
    assert time.limit_for(WHARF_TOPICS[0]) == START + HOUR, "and what they bring moves nobody's time"
    assert time.topics_behind() == dict.fromkeys(WHARF_TOPICS, START)


def test_they_take_part_again_when_both_have_caught_up() -> None:
    time = clock_with_topic_behind()
    time.set_applied_through(WHARF_TOPICS[0], START + 2 * HOUR)
    time.merge_caught_up()
    assert time.topics_behind() == dict.fromkeys(WHARF_TOPICS, START), "one of the two is not enough"

    time.confirm_heads({WHARF_TOPICS[1]: START + HOUR + HEAD_GRACE})
    time.merge_caught_up()

    assert time.topics_behind() == {}
    for topic in (FILED, TAKEN):
        time.set_applied_through(topic, START + 2 * HOUR)
    assert time.target() == START + HOUR, "from now on all wait for them"
