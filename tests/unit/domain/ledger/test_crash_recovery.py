"""A ledger restored from its rows goes on as if nothing had happened."""

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.duration_bins import DAY
from streams.domain.events import Event
from tests.support.builders import START
from tests.support.ledger.harness import LedgerHarness, clock_from_oracle
from tests.support.ledger.oracle import OracleClock
from tests.support.ledger.strategies import clock_packs, delivery_batches, event_streams

END = START + 61 * DAY
MUCH_LATER = START + 500 * DAY


@given(st.data(), clock_packs, event_streams())
def test_a_crash_at_any_prefix_and_a_replay_change_nothing(
    data: st.DataObject, pack: tuple[OracleClock, ...], stream: list[Event]
) -> None:
    clocks = [clock_from_oracle(yardstick) for yardstick in pack]
    spared, struck = LedgerHarness(clocks), LedgerHarness(clocks)

    for part, now in data.draw(delivery_batches(stream)):
        spared.advance(now)
        spared.apply(part)
        spared.commit()
        if data.draw(st.booleans()):
            struck.advance(now)
            struck.apply(part[: data.draw(st.integers(0, len(part)))])
            struck.restart()
        struck.advance(now)
        struck.apply(part)
        struck.commit()
        assert struck.read_rows() == spared.read_rows()
    for now in (END, MUCH_LATER):
        spared.advance(now)
        struck.advance(now)

        assert struck.read_rows() == spared.read_rows()
        assert struck.cohorts() == spared.cohorts()
        assert struck.counters() == spared.counters()


@given(clock_packs, event_streams(), st.integers(0, 60))
def test_a_ledger_that_crashes_after_every_event_counts_the_same(
    pack: tuple[OracleClock, ...], stream: list[Event], day: int
) -> None:
    clocks = [clock_from_oracle(yardstick) for yardstick in pack]
    spared, struck = LedgerHarness(clocks), LedgerHarness(clocks)

    for event in stream:
        for subject in (spared, struck):
            subject.apply([event])
            subject.advance(START + day * DAY)
            subject.commit()
        struck.restart()
        struck.advance(START + day * DAY)

    assert struck.cohorts() == spared.cohorts()
    assert struck.counters() == spared.counters()


@given(event_streams())
def test_a_restored_ledger_has_nothing_to_write(stream: list[Event]) -> None:
    subject = LedgerHarness()
    subject.apply(stream)
    subject.advance(END)
    subject.commit()

    subject.restart()
    subject.advance(END)

    assert subject.ledger.drain_changes() == {}


@given(event_streams())
def test_what_is_evicted_leaves_no_row(stream: list[Event]) -> None:
    subject = LedgerHarness()
    subject.apply(stream)
    subject.commit()

    subject.advance(MUCH_LATER)

    assert subject.report_rows() == {}
