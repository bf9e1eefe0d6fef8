"""What lies on another partition than its key's is refused, whatever it is and in whatever order it comes."""

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.duration_bins import DAY
from streams.domain.events import Event, Filing, Heartbeat
from streams.domain.ledger import counters
from streams.domain.vocabulary import RefusalReason
from tests.support.ledger.harness import Subject
from tests.support.ledger.strategies import KEYS, START, batches, streams

END = START + 61 * DAY
HERE = frozenset(KEYS[::2])
"""The keys of this partition; those that remain belong to another one."""


def here() -> Subject:
    """Return the ledger of this partition."""
    return Subject(belongs=HERE.__contains__)


@given(st.data(), streams())
def test_figures_are_those_of_the_events_that_lie_on_their_own_partition(
    data: st.DataObject, stream: list[Event]
) -> None:
    at_home = [event for event in stream if isinstance(event, Heartbeat) or event.key in HERE]
    alone = here()
    alone.feed(at_home)
    alone.advance(END)

    together = here()
    for part, now in data.draw(batches(stream)):
        together.advance(now)
        together.feed(part)
        together.commit()
        if data.draw(st.booleans()):
            together.crash()
    together.advance(END)

    assert together.report_rows() == alone.report_rows()
    assert together.cohorts() == alone.cohorts()
    assert together.net() == alone.net()


@given(st.data(), streams())
def test_every_event_on_a_wrong_partition_is_refused_and_counted(data: st.DataObject, stream: list[Event]) -> None:
    subject = here()

    shuffled = data.draw(st.permutations(stream))
    answers = subject.feed(shuffled)

    astray = [not isinstance(event, Heartbeat) and event.key not in HERE for event in shuffled]
    assert [answer is RefusalReason.WRONG_PARTITION for answer in answers] == astray
    counted = sum(
        tally.get(counters.refused(RefusalReason.WRONG_PARTITION), 0) for tally in subject.counters().values()
    )
    assert counted == sum(astray)


def test_of_filings_by_a_wrong_partitioner_none_is_counted_and_none_goes_unnoticed() -> None:
    subject = Subject(belongs=lambda _: False)
    filing = Filing(b"", "harbor", START, START, 0, 0, "gaaaabEU")

    answers = subject.feed(
        filing._replace(key=f"harbor|aa_{number}".encode(), id=number * 7) for number in range(1_000)
    )

    assert set(answers) == {RefusalReason.WRONG_PARTITION}
    assert subject.counters()["harbor"][counters.refused(RefusalReason.WRONG_PARTITION)] == 1_000
    assert not subject.cohorts()
