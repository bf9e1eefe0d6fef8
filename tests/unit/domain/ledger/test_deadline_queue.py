"""`next_due` tells when `advance` has work; the worker advances at no other time."""

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.duration_bins import DAY, HOUR, SECOND
from streams.domain.events import Event
from tests.support.builders import START, filing, heartbeat
from tests.support.ledger.harness import LedgerHarness, clock_from_oracle
from tests.support.ledger.oracle import OracleClock
from tests.support.ledger.strategies import REPORT_KEYS, clock_packs, delivery_batches, event_streams


@given(st.data(), event_streams())
def test_advancing_only_when_something_is_due_is_enough(data: st.DataObject, stream: list[Event]) -> None:
    always, seldom = LedgerHarness(), LedgerHarness()

    for part, now in [*data.draw(delivery_batches(stream)), ([], START + 61 * DAY), ([], START + 500 * DAY)]:
        always.advance(now)
        if now >= seldom.ledger.next_due:
            seldom.advance(now)

        assert seldom.cohorts() == always.cohorts()
        assert seldom.net_counters() == always.net_counters()

        always.apply(part)
        seldom.apply(part)


@given(event_streams(), st.integers(0, 30))
def test_advancing_from_one_due_time_to_the_next_comes_to_an_end(stream: list[Event], day: int) -> None:
    at_once, step_by_step = LedgerHarness(), LedgerHarness()
    end = START + (31 + day) * DAY
    for subject in (at_once, step_by_step):
        subject.apply(stream)
    at_once.advance(end)

    steps = 0
    while step_by_step.ledger.next_due <= end:
        step_by_step.advance(max(step_by_step.ledger.next_due, step_by_step.ledger.now + SECOND))
        steps += 1
        assert steps <= 20 * (len(stream) + 1), "every step gets something done"

    assert step_by_step.cohorts() == at_once.cohorts()
    assert step_by_step.net_counters() == at_once.net_counters()


@given(st.data(), clock_packs, event_streams(), st.integers(0, 3))
def test_how_finely_time_is_moved_and_where_it_stops_changes_no_counter(
    data: st.DataObject, pack: tuple[OracleClock, ...], stream: list[Event], most: int
) -> None:
    clocks = [clock_from_oracle(yardstick) for yardstick in pack]
    at_once, bounded = LedgerHarness(clocks), LedgerHarness(clocks)

    for part, now in [*data.draw(delivery_batches(stream)), ([], START + 61 * DAY), ([], START + 500 * DAY)]:
        at_once.advance(now)
        while bounded.ledger.advance(now, most + 1) < now:
            bounded.commit()
            if data.draw(st.booleans()):
                bounded.restart()
        for subject in (at_once, bounded):
            subject.apply(part)
            subject.commit()

        assert bounded.counters() == at_once.counters()
        assert bounded.cohorts() == at_once.cohorts()


def test_years_that_pass_at_once_are_decided_in_pieces() -> None:
    reports, most = 5_000, 100
    subject = LedgerHarness()
    subject.apply(
        filing(number, at=at, event_id=number)
        for number, at in enumerate(range(START, START + reports * HOUR // 60, HOUR // 60))
    )
    subject.commit()
    end = START + 1_000 * DAY

    changed = []
    while subject.ledger.advance(end, most) < end:
        changed.append(len(subject.ledger.drain_changes()))

    assert max(changed) <= 2 * most
    assert subject.ledger.reports == 0


def test_a_heartbeat_brings_the_next_due_time_forward() -> None:
    key, due = REPORT_KEYS[2], START + DAY
    subject = LedgerHarness()
    subject.apply([filing(key=key, platform="lantern")])
    subject.advance(START + HOUR)

    subject.apply([heartbeat(due, platform="lantern")])

    assert subject.ledger.next_due <= due
