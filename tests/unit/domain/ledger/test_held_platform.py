"""A platform whose topics are not read for a while is decided when they are, as if they had been read all the time."""

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.duration_bins import DAY, FOREVER_MS, HOUR, MINUTE
from streams.domain.events import Event, Filing
from tests.support.builders import START, filing
from tests.support.ledger.harness import LedgerHarness
from tests.support.ledger.strategies import event_streams

END = START + 61 * DAY
HELD_PLATFORM = "lantern"


def _in_order(stream: list[Event]) -> list[Event]:
    return sorted(stream, key=lambda event: event.logged_at)


def _apply_and_advance(subject: LedgerHarness, event: Event) -> None:
    subject.advance(event.logged_at)
    subject.apply([event])


@given(st.data(), event_streams())
def test_it_counts_as_much_as_one_that_was_never_held_and_decides_nothing_before(
    data: st.DataObject, stream: list[Event]
) -> None:
    events = _in_order(stream)
    since = data.draw(st.integers(START, END), "held since")
    until = data.draw(st.integers(since, END), "held until")
    crashes = data.draw(st.booleans(), "crashes")
    straight, held = LedgerHarness(), LedgerHarness()
    for event in events:
        _apply_and_advance(straight, event)
    straight.advance(END)

    missing = [event for event in events if event.platform == HELD_PLATFORM and since <= event.logged_at < until]
    for event in (one for one in events if one.logged_at < since):
        _apply_and_advance(held, event)
    held.advance(since)
    held.ledger.advance_limited({HELD_PLATFORM: since})
    for event in (one for one in events if since <= one.logged_at < until and one.platform != HELD_PLATFORM):
        _apply_and_advance(held, event)
    held.advance(until)
    if crashes:
        held.commit()
        held.restart()
        held.ledger.advance_limited({HELD_PLATFORM: since})
    horizon = held.ledger.counters().get(HELD_PLATFORM, {}).get("decided_through", 0)
    for event in missing:
        held.ledger.advance_limited({HELD_PLATFORM: event.logged_at})
        held.apply([event])
    held.ledger.advance_limited({HELD_PLATFORM: until})
    held.ledger.advance_limited({})
    for event in (one for one in events if one.logged_at >= until):
        _apply_and_advance(held, event)
    held.advance(END)

    assert horizon <= since
    assert held.cohorts() == straight.cohorts()
    assert held.report_rows() == straight.report_rows()
    assert held.ledger.counters() == straight.ledger.counters()


def _filing(number: int, at: int) -> Filing:
    return filing(key=b"lantern|%d" % number, platform=HELD_PLATFORM, at=at, event_id=number)


def test_a_platform_that_is_held_is_not_looked_at_again_and_again() -> None:
    subject = LedgerHarness()
    subject.advance(START)
    subject.apply([_filing(1, START)])
    subject.ledger.advance_limited({HELD_PLATFORM: START})

    subject.advance(START + 40 * DAY)

    assert subject.ledger.next_due == FOREVER_MS


def test_of_a_platform_that_comes_back_no_more_is_decided_at_once_than_is_asked_for() -> None:
    subject = LedgerHarness()
    subject.advance(START)
    subject.apply([_filing(number, START + number * MINUTE) for number in range(10)])
    subject.ledger.advance_limited({HELD_PLATFORM: START + HOUR})
    subject.advance(START + 40 * DAY)
    subject.commit()

    rounds = 0
    while not subject.ledger.advance_limited({HELD_PLATFORM: START + 40 * DAY}, max_due=3):
        subject.commit()
        rounds += 1

    assert rounds >= 2
