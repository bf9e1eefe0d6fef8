"""The time of a partition: as far as all its logs have been read, and never back."""

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.duration_bins import HOUR, MINUTE
from streams.domain.log_time import GRACE, LEAD, LogTime

FILED, TAKEN = "report-filed", "action-taken"
START = 1_000 * HOUR

Step = tuple[str, str, int]
steps = st.lists(
    st.tuples(
        st.sampled_from(["read", "confirm"]), st.sampled_from([FILED, TAKEN]), st.integers(START, START + 100 * HOUR)
    ),
    max_size=40,
)


def _advanced(time: LogTime) -> int:
    time.move(time.target())
    return time.now


def walked(steps: list[Step], now: int = 0) -> tuple[LogTime, list[int]]:
    time = LogTime((FILED, TAKEN), now)
    seen = []
    for kind, topic, at in steps:
        if kind == "read":
            time.read(topic, at)
        else:
            time.confirm({topic: at})
        seen.append(_advanced(time))
    return time, seen


def test_a_topic_is_held_back_for_its_siblings_alone() -> None:
    late, early = frozenset({"filed.late", "taken.late"}), frozenset({"filed.early", "taken.early"})
    siblings = {topic: group for group in (late, early) for topic in group}
    time = LogTime((*late, *early), START, siblings)

    time.read("taken.late", START + 2 * LEAD)
    time.read("filed.early", START + 9 * LEAD)
    time.read("taken.early", START + 9 * LEAD)

    assert time.ahead() == {"taken.late"}


@given(steps)
def test_time_never_goes_back(steps: list[Step]) -> None:
    _, seen = walked(steps)

    assert seen == sorted(seen)


@given(steps)
def test_time_stays_behind_every_topic_that_is_not_at_its_head(steps: list[Step]) -> None:
    read_only = [step for step in steps if step[0] == "read"]

    time, _ = walked(read_only)

    last = {topic: max((at for _, name, at in read_only if name == topic), default=0) for topic in (FILED, TAKEN)}
    assert time.now == min(last.values())


def test_a_backlog_in_one_topic_holds_the_time_of_the_other() -> None:
    time = LogTime((FILED, TAKEN), START)
    time.read(FILED, START + 500 * HOUR)

    now = _advanced(time)

    assert now == START


def test_topics_at_their_heads_follow_the_wall_clock_with_a_grace() -> None:
    time = LogTime((FILED, TAKEN), START)
    time.confirm({FILED: START + HOUR, TAKEN: START + 2 * HOUR})

    now = _advanced(time)

    assert now == START + HOUR - GRACE


def test_time_stands_still_when_the_broker_no_longer_answers() -> None:
    time = LogTime((FILED, TAKEN), START)
    time.confirm({FILED: START + HOUR, TAKEN: START + HOUR})
    before = _advanced(time)
    time.confirm({})

    assert _advanced(time) == before


def test_the_horizon_of_a_topic_is_what_its_siblings_allow() -> None:
    time = LogTime((FILED, TAKEN), START)
    time.read(TAKEN, START + MINUTE)

    assert time.horizon(FILED) == START + MINUTE
    assert time.horizon(TAKEN) == START


def test_a_topic_alone_has_no_horizon() -> None:
    time = LogTime((FILED,), START)

    assert time.horizon(FILED) > START + 10_000 * HOUR


def test_a_topic_far_ahead_of_a_sibling_is_paused() -> None:
    time = LogTime((FILED, TAKEN), START)
    time.read(FILED, START + LEAD + 1)

    assert time.ahead() == {FILED}


def test_nobody_waits_for_a_sibling_at_its_head() -> None:
    time = LogTime((FILED, TAKEN), START)
    time.read(FILED, START + LEAD + 1)
    time.confirm({TAKEN: START})

    assert time.ahead() == frozenset()


@given(steps)
def test_some_topic_is_never_paused(steps: list[Step]) -> None:
    time, _ = walked(steps)

    assert len(time.ahead()) < 2


PIER = ("report-filed.wharf", "action-taken.wharf")
GROUPS = dict.fromkeys((FILED, TAKEN), frozenset((FILED, TAKEN))) | dict.fromkeys(PIER, frozenset(PIER))


def one_behind() -> LogTime:
    """Return the time of a partition on which one pair of topics was read an hour less far than the other."""
    return LogTime((FILED, TAKEN, *PIER), START + HOUR, GROUPS, dict.fromkeys(PIER, START))


def test_topics_that_were_not_read_for_a_while_hold_back_nobody() -> None:
    time = one_behind()
    for topic in (FILED, TAKEN):
        time.read(topic, START + 2 * HOUR)

    assert time.target() == START + 2 * HOUR
    assert time.horizon(PIER[0]) == START + HOUR, "and what they bring moves nobody's time"
    assert time.behind() == dict.fromkeys(PIER, START)


def test_they_take_part_again_when_both_have_caught_up() -> None:
    time = one_behind()
    time.read(PIER[0], START + 2 * HOUR)
    time.rejoin()
    assert time.behind() == dict.fromkeys(PIER, START), "one of the two is not enough"

    time.confirm({PIER[1]: START + HOUR + GRACE})
    time.rejoin()

    assert time.behind() == {}
    for topic in (FILED, TAKEN):
        time.read(topic, START + 2 * HOUR)
    assert time.target() == START + HOUR, "from now on all wait for them"
