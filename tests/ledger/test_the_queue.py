"""`next_due` tells when `advance` has work; the worker advances at no other time."""

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.events import Event, Filing, Heartbeat
from streams.domain.grid import DAY, HOUR, SECOND
from tests.ledger.strategies import KEYS, START, batches, streams
from tests.ledger.subject import Subject


@given(st.data(), streams())
def test_advancing_only_when_something_is_due_is_enough(data: st.DataObject, stream: list[Event]) -> None:
    always, seldom = Subject(), Subject()

    for part, now in [*data.draw(batches(stream)), ([], START + 61 * DAY), ([], START + 500 * DAY)]:
        always.advance(now)
        if now >= seldom.ledger.next_due:
            seldom.advance(now)

        assert seldom.cohorts() == always.cohorts()
        assert seldom.net() == always.net()

        always.feed(part)
        seldom.feed(part)


@given(streams(), st.integers(0, 30))
def test_advancing_from_one_due_time_to_the_next_comes_to_an_end(stream: list[Event], day: int) -> None:
    at_once, step_by_step = Subject(), Subject()
    end = START + (31 + day) * DAY
    for subject in (at_once, step_by_step):
        subject.feed(stream)
    at_once.advance(end)

    steps = 0
    while step_by_step.ledger.next_due <= end:
        step_by_step.advance(max(step_by_step.ledger.next_due, step_by_step.ledger.now + SECOND))
        steps += 1
        assert steps <= 20 * (len(stream) + 1), "every step gets something done"

    assert step_by_step.cohorts() == at_once.cohorts()
    assert step_by_step.net() == at_once.net()


def test_a_heartbeat_brings_the_next_due_time_forward() -> None:
    key, due = KEYS[2], START + DAY
    subject = Subject()
    subject.feed([Filing(key, "lantern", START, START, 1, 1, "gaaaabEU")])
    subject.advance(START + HOUR)

    subject.feed([Heartbeat("lantern", due, due, due, 1)])

    assert subject.ledger.next_due <= due
