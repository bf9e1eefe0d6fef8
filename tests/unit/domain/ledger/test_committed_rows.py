"""What was committed and is loaded again is what was in memory: nothing changes without its row being written."""

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.clocks.standard import STANDARD_CLOCKS
from streams.domain.duration_bins import DAY, SECOND
from streams.domain.events import Action, ActionKind, Event, Filing
from streams.domain.ledger import counters
from streams.domain.vocabulary import Outcome
from tests.support.ledger.harness import Subject, clock_of
from tests.support.ledger.oracle import Yardstick
from tests.support.ledger.strategies import KEYS, START, batches, instants, packs, streams

FORGOTTEN = START + 500 * DAY


@given(st.data(), packs, streams())
def test_what_is_loaded_is_what_was_in_memory(
    data: st.DataObject, pack: tuple[Yardstick, ...], stream: list[Event]
) -> None:
    subject = Subject([clock_of(yardstick) for yardstick in pack])

    for part, now in data.draw(batches(stream)):
        subject.advance(now)
        subject.feed(part)
        if data.draw(st.booleans()):
            subject.advance(max(now, data.draw(instants)))
        if data.draw(st.booleans()):
            subject.ledger.prepare_changes()
        subject.commit()

        assert subject.loaded().held() == subject.held()
        remembered = [names.get(counters.RETAINED, 0) for names in subject.counters().values()]
        assert sum(remembered) == subject.ledger.reports


@given(st.data(), packs, streams())
def test_what_is_loaded_after_every_single_event_is_what_was_in_memory(
    data: st.DataObject, pack: tuple[Yardstick, ...], stream: list[Event]
) -> None:
    subject = Subject([clock_of(yardstick) for yardstick in pack])

    for event in data.draw(st.permutations(stream)):
        subject.feed([event])
        subject.commit()

        assert subject.loaded().held() == subject.held()

    subject.advance(FORGOTTEN)
    subject.commit()
    assert subject.loaded().held() == subject.held()


def test_a_stop_that_moves_within_its_bin_is_written() -> None:
    removed = ActionKind(Outcome.RESTRICTED, is_final=True)
    subject = Subject()
    subject.feed([Filing(KEYS[0], "harbor", START, START, 1, 1, "gaaaabEU")])
    subject.feed([Action(KEYS[0], "harbor", START + 30 * SECOND, START + 30 * SECOND, 2, 2, removed)])
    subject.commit()

    subject.feed([Action(KEYS[0], "harbor", START + SECOND, START + 40 * SECOND, 3, 3, removed)])
    subject.commit()
    subject.crash()

    (sums,) = subject.stop_sums().values()
    assert sums == (SECOND,) * len(STANDARD_CLOCKS)
