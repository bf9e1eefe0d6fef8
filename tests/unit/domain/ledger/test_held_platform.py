"""A platform whose topics are not read for a while is decided when they are, as if they had been read all the time."""

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.duration_bins import DAY, FOREVER_MS, HOUR, MINUTE
from streams.domain.events import Event, Filing
from tests.support.ledger.harness import Subject
from tests.support.ledger.strategies import START, streams

END = START + 61 * DAY
HELD = "lantern"


def _in_order(stream: list[Event]) -> list[Event]:
    return sorted(stream, key=lambda event: event.logged_at)


def _tell(subject: Subject, event: Event) -> None:
    subject.advance(event.logged_at)
    subject.feed([event])


@given(st.data(), streams())
def test_it_counts_as_much_as_one_that_was_never_held_and_decides_nothing_before(
    data: st.DataObject, stream: list[Event]
) -> None:
    events = _in_order(stream)
    since = data.draw(st.integers(START, END), "held since")
    until = data.draw(st.integers(since, END), "held until")
    crashes = data.draw(st.booleans(), "crashes")
    straight, held = Subject(), Subject()
    for event in events:
        _tell(straight, event)
    straight.advance(END)

    missing = [event for event in events if event.platform == HELD and since <= event.logged_at < until]
    for event in (one for one in events if one.logged_at < since):
        _tell(held, event)
    held.advance(since)
    held.ledger.advance_limited({HELD: since})
    for event in (one for one in events if since <= one.logged_at < until and one.platform != HELD):
        _tell(held, event)
    held.advance(until)
    if crashes:
        held.commit()
        held.crash()
        held.ledger.advance_limited({HELD: since})
    horizon = held.ledger.counters().get(HELD, {}).get("decided_through", 0)
    for event in missing:
        held.ledger.advance_limited({HELD: event.logged_at})
        held.feed([event])
    held.ledger.advance_limited({HELD: until})
    held.ledger.advance_limited({})
    for event in (one for one in events if one.logged_at >= until):
        _tell(held, event)
    held.advance(END)

    assert horizon <= since
    assert held.cohorts() == straight.cohorts()
    assert held.report_rows() == straight.report_rows()
    assert held.ledger.counters() == straight.ledger.counters()


def _filed(number: int, at: int) -> Filing:
    return Filing(b"lantern|%d" % number, HELD, at, at, number, 0, "gaaaabEU")


def test_a_platform_that_is_held_is_not_looked_at_again_and_again() -> None:
    subject = Subject()
    subject.advance(START)
    subject.feed([_filed(1, START)])
    subject.ledger.advance_limited({HELD: START})

    subject.advance(START + 40 * DAY)

    assert subject.ledger.next_due == FOREVER_MS


def test_of_a_platform_that_comes_back_no_more_is_decided_at_once_than_is_asked_for() -> None:
    subject = Subject()
    subject.advance(START)
    subject.feed([_filed(number, START + number * MINUTE) for number in range(10)])
    subject.ledger.advance_limited({HELD: START + HOUR})
    subject.advance(START + 40 * DAY)
    subject.commit()

    rounds = 0
    while not subject.ledger.advance_limited({HELD: START + 40 * DAY}, max_due=3):
        subject.commit()
        rounds += 1

    assert rounds >= 2
