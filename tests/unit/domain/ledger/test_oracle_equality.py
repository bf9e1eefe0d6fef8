from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.events import Event
from streams.domain.ledger import counters
from tests.support.ledger.harness import Subject, clock_of, expected_net, oracle_for
from tests.support.ledger.oracle import Yardstick
from tests.support.ledger.strategies import START, batches, instants, packs, streams


@settings(max_examples=3 * settings().max_examples)
@given(st.data(), packs, streams(), instants)
def test_cohorts_and_counters_equal_the_oracle_for_any_delivery(
    data: st.DataObject, pack: tuple[Yardstick, ...], stream: list[Event], end: int
) -> None:
    clocks = [clock_of(yardstick) for yardstick in pack]
    subject, oracle = Subject(clocks), oracle_for(pack)

    for part, now in data.draw(batches(stream)):
        subject.advance(now)
        subject.feed(part)
    end = max(end, subject.ledger.now)
    subject.advance(end)

    assert subject.cohorts() == oracle.cohorts(stream, end)
    assert subject.stop_sums() == oracle.stop_sums(stream)
    assert subject.net() == expected_net(oracle, clocks, stream, end)
    assert subject.waiting() == oracle.waiting(stream)
    assert subject.softened() == oracle.softened(stream)


@given(packs, streams(), instants)
def test_at_every_prefix_counted_minus_corrected_is_what_a_scan_finds(
    pack: tuple[Yardstick, ...], stream: list[Event], now: int
) -> None:
    clocks = [clock_of(yardstick) for yardstick in pack]
    subject, oracle = Subject(clocks), oracle_for(pack)
    subject.advance(now)

    for length, event in enumerate(stream, 1):
        subject.feed([event])
        subject.advance(now)

        assert subject.net() == expected_net(oracle, clocks, stream[:length], now)
        assert subject.cohorts() == oracle.cohorts(stream[:length], now)
        assert subject.softened() == oracle.softened(stream[:length])


@given(streams(), st.lists(instants, min_size=2, max_size=5))
def test_counters_and_instants_never_fall(stream: list[Event], nows: list[int]) -> None:
    subject = Subject()
    before: dict[str, dict[str, int]] = {}

    for place, event in enumerate(stream):
        subject.advance(sorted(nows)[place % len(nows)])
        subject.feed([event])
        after = subject.ledger.counters()
        for names in after.values():
            names.pop(counters.ORPHANS, None)
            names.pop(counters.RETAINED, None)

        assert all(after[platform][name] >= n for platform, names in before.items() for name, n in names.items())
        before = after


@given(streams())
def test_states_sum_to_filed_and_no_report_is_lost(stream: list[Event]) -> None:
    subject, oracle = Subject(), oracle_for()

    subject.feed(stream)
    subject.advance(START)

    in_cohorts = sum(marks.total() for marks in subject.cohorts().values())
    assert in_cohorts == len(oracle.reports(stream))
    assert in_cohorts == sum(net["filed"] for net in subject.net().values())
