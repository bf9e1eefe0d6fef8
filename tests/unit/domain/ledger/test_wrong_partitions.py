"""What lies on another partition than its key's is refused, whatever it is and in whatever order it comes."""

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.duration_bins import DAY
from streams.domain.events import Event, Heartbeat
from streams.domain.ledger import counters
from streams.domain.vocabulary import RefusalReason
from tests.support import builders
from tests.support.builders import START
from tests.support.ledger.harness import LedgerHarness
from tests.support.ledger.strategies import REPORT_KEYS, delivery_batches, event_streams

END = START + 61 * DAY
KEYS_ON_PARTITION = frozenset(REPORT_KEYS[::2])
"""The keys of this partition; those that remain belong to another one."""


def harness_with_half_the_keys() -> LedgerHarness:
    """Return the ledger of this partition."""
    return LedgerHarness(belongs=KEYS_ON_PARTITION.__contains__)


@given(st.data(), event_streams())
def test_figures_are_those_of_the_events_that_lie_on_their_own_partition(
    data: st.DataObject, stream: list[Event]
) -> None:
    at_home = [event for event in stream if isinstance(event, Heartbeat) or event.key in KEYS_ON_PARTITION]
    alone = harness_with_half_the_keys()
    alone.apply(at_home)
    alone.advance(END)

    together = harness_with_half_the_keys()
    for part, now in data.draw(delivery_batches(stream)):
        together.advance(now)
        together.apply(part)
        together.commit()
        if data.draw(st.booleans()):
            together.restart()
    together.advance(END)

    assert together.report_rows() == alone.report_rows()
    assert together.cohorts() == alone.cohorts()
    assert together.net_counters() == alone.net_counters()


@given(st.data(), event_streams())
def test_every_event_on_a_wrong_partition_is_refused_and_counted(data: st.DataObject, stream: list[Event]) -> None:
    subject = harness_with_half_the_keys()

    shuffled = data.draw(st.permutations(stream))
    answers = subject.apply(shuffled)

    astray = [not isinstance(event, Heartbeat) and event.key not in KEYS_ON_PARTITION for event in shuffled]
    assert [answer is RefusalReason.WRONG_PARTITION for answer in answers] == astray
    counted = sum(
        tally.get(counters.refused(RefusalReason.WRONG_PARTITION), 0) for tally in subject.counters().values()
    )
    assert counted == sum(astray)


def test_of_filings_by_a_wrong_partitioner_none_is_counted_and_none_goes_unnoticed() -> None:
    subject = LedgerHarness(belongs=lambda _: False)
    filing = builders.filing(key=b"")

    answers = subject.apply(
        filing._replace(key=f"harbor|aa_{number}".encode(), id=number * 7) for number in range(1_000)
    )

    assert set(answers) == {RefusalReason.WRONG_PARTITION}
    assert subject.counters()["harbor"][counters.refused(RefusalReason.WRONG_PARTITION)] == 1_000
    assert not subject.cohorts()
