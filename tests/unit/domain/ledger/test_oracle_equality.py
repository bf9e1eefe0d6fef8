from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.events import Event
from streams.domain.ledger import counters
from tests.support.builders import START
from tests.support.ledger.harness import LedgerHarness, clock_from_oracle, expected_net_counters, oracle_with_clocks
from tests.support.ledger.oracle import OracleClock
from tests.support.ledger.strategies import clock_packs, delivery_batches, event_streams, instants


@settings(max_examples=3 * settings().max_examples)
@given(st.data(), clock_packs, event_streams(), instants)
def test_cohorts_and_counters_equal_the_oracle_for_any_delivery(
    data: st.DataObject, pack: tuple[OracleClock, ...], stream: list[Event], end: int
) -> None:
    clocks = [clock_from_oracle(yardstick) for yardstick in pack]
    subject, oracle = LedgerHarness(clocks), oracle_with_clocks(pack)

    for part, now in data.draw(delivery_batches(stream)):
        subject.advance(now)
        subject.apply(part)
    end = max(end, subject.ledger.now)
    subject.advance(end)

    assert subject.cohorts() == oracle.cohorts(stream, end)
    assert subject.duration_totals() == oracle.duration_totals(stream)
    assert subject.net_counters() == expected_net_counters(oracle, clocks, stream, end)
    assert subject.waiting_orphans() == oracle.waiting_orphans(stream)
    assert subject.downgraded() == oracle.downgraded(stream)


@given(clock_packs, event_streams(), instants)
def test_at_every_prefix_counted_minus_corrected_is_what_a_scan_finds(
    pack: tuple[OracleClock, ...], stream: list[Event], now: int
) -> None:
    clocks = [clock_from_oracle(yardstick) for yardstick in pack]
    subject, oracle = LedgerHarness(clocks), oracle_with_clocks(pack)
    subject.advance(now)

    for length, event in enumerate(stream, 1):
        subject.apply([event])
        subject.advance(now)

        assert subject.net_counters() == expected_net_counters(oracle, clocks, stream[:length], now)
        assert subject.cohorts() == oracle.cohorts(stream[:length], now)
        assert subject.downgraded() == oracle.downgraded(stream[:length])


@given(event_streams(), st.lists(instants, min_size=2, max_size=5))
def test_counters_and_instants_never_fall(stream: list[Event], nows: list[int]) -> None:
    subject = LedgerHarness()
    before: dict[str, dict[str, int]] = {}

    for place, event in enumerate(stream):
        subject.advance(sorted(nows)[place % len(nows)])
        subject.apply([event])
        after = subject.ledger.counters()
        for names in after.values():
            names.pop(counters.ORPHANS, None)
            names.pop(counters.RETAINED, None)

        assert all(after[platform][name] >= n for platform, names in before.items() for name, n in names.items())
        before = after


@given(event_streams())
def test_states_sum_to_filed_and_no_report_is_lost(stream: list[Event]) -> None:
    subject, oracle = LedgerHarness(), oracle_with_clocks()

    subject.apply(stream)
    subject.advance(START)

    in_cohorts = sum(marks.total() for marks in subject.cohorts().values())
    assert in_cohorts == len(oracle.profiles(stream))
    assert in_cohorts == sum(net["filed"] for net in subject.net_counters().values())
