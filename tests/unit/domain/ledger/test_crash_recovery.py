"""A ledger restored from its rows goes on as if nothing had happened."""

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.duration_bins import DAY
from streams.domain.events import Event
from tests.support.ledger.harness import Subject, clock_of
from tests.support.ledger.oracle import Yardstick
from tests.support.ledger.strategies import START, batches, packs, streams

END = START + 61 * DAY
MUCH_LATER = START + 500 * DAY


@given(st.data(), packs, streams())
def test_a_crash_at_any_prefix_and_a_replay_change_nothing(
    data: st.DataObject, pack: tuple[Yardstick, ...], stream: list[Event]
) -> None:
    clocks = [clock_of(yardstick) for yardstick in pack]
    spared, struck = Subject(clocks), Subject(clocks)

    for part, now in data.draw(batches(stream)):
        spared.advance(now)
        spared.feed(part)
        spared.commit()
        if data.draw(st.booleans()):
            struck.advance(now)
            struck.feed(part[: data.draw(st.integers(0, len(part)))])
            struck.crash()
        struck.advance(now)
        struck.feed(part)
        struck.commit()
        assert struck.read_rows() == spared.read_rows()
    for now in (END, MUCH_LATER):
        spared.advance(now)
        struck.advance(now)

        assert struck.read_rows() == spared.read_rows()
        assert struck.cohorts() == spared.cohorts()
        assert struck.counters() == spared.counters()


@given(packs, streams(), st.integers(0, 60))
def test_a_ledger_that_crashes_after_every_event_counts_the_same(
    pack: tuple[Yardstick, ...], stream: list[Event], day: int
) -> None:
    clocks = [clock_of(yardstick) for yardstick in pack]
    spared, struck = Subject(clocks), Subject(clocks)

    for event in stream:
        for subject in (spared, struck):
            subject.feed([event])
            subject.advance(START + day * DAY)
            subject.commit()
        struck.crash()
        struck.advance(START + day * DAY)

    assert struck.cohorts() == spared.cohorts()
    assert struck.counters() == spared.counters()


@given(streams())
def test_a_restored_ledger_has_nothing_to_write(stream: list[Event]) -> None:
    subject = Subject()
    subject.feed(stream)
    subject.advance(END)
    subject.commit()

    subject.crash()
    subject.advance(END)

    assert subject.ledger.drain_changes() == {}


@given(streams())
def test_what_is_forgotten_leaves_no_row(stream: list[Event]) -> None:
    subject = Subject()
    subject.feed(stream)
    subject.commit()

    subject.advance(MUCH_LATER)

    assert subject.report_rows() == {}
