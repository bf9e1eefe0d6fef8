"""What was committed and is loaded again is what was in memory: nothing changes without its row being written."""

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.clocks.standard import STANDARD_CLOCKS
from streams.domain.duration_bins import DAY, SECOND
from streams.domain.events import Event
from streams.domain.ledger import counters
from tests.support.builders import START, action, filing
from tests.support.ledger.harness import LedgerHarness, clock_from_oracle
from tests.support.ledger.oracle import OracleClock
from tests.support.ledger.strategies import clock_packs, delivery_batches, event_streams, instants

EVICTED_AT = START + 500 * DAY


@given(st.data(), clock_packs, event_streams())
def test_what_is_loaded_is_what_was_in_memory(
    data: st.DataObject, pack: tuple[OracleClock, ...], stream: list[Event]
) -> None:
    subject = LedgerHarness([clock_from_oracle(yardstick) for yardstick in pack])

    for part, now in data.draw(delivery_batches(stream)):
        subject.advance(now)
        subject.apply(part)
        if data.draw(st.booleans()):
            subject.advance(max(now, data.draw(instants)))
        if data.draw(st.booleans()):
            subject.ledger.prepare_changes()
        subject.commit()

        assert subject.reloaded().in_memory_state() == subject.in_memory_state()
        remembered = [names.get(counters.RETAINED, 0) for names in subject.counters().values()]
        assert sum(remembered) == subject.ledger.reports


@given(st.data(), clock_packs, event_streams())
def test_what_is_loaded_after_every_single_event_is_what_was_in_memory(
    data: st.DataObject, pack: tuple[OracleClock, ...], stream: list[Event]
) -> None:
    subject = LedgerHarness([clock_from_oracle(yardstick) for yardstick in pack])

    for event in data.draw(st.permutations(stream)):
        subject.apply([event])
        subject.commit()

        assert subject.reloaded().in_memory_state() == subject.in_memory_state()

    subject.advance(EVICTED_AT)
    subject.commit()
    assert subject.reloaded().in_memory_state() == subject.in_memory_state()


def test_a_stop_that_moves_within_its_bin_is_written() -> None:
    subject = LedgerHarness()
    subject.apply([filing()])
    subject.apply([action(at=START + 30 * SECOND)])
    subject.commit()

    subject.apply([action(at=START + SECOND, logged_at=START + 40 * SECOND)])
    subject.commit()
    subject.restart()

    (sums,) = subject.duration_totals().values()
    assert sums == (SECOND,) * len(STANDARD_CLOCKS)
