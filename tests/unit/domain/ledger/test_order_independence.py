"""Any order, split, duplication or redelivery of a stream gives the same rows and the same cohorts."""

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.duration_bins import DAY
from streams.domain.events import Action, Amendment, Event, Filing, Heartbeat, Retraction
from tests.support.builders import START, retraction
from tests.support.ledger.harness import LedgerHarness, clock_from_oracle
from tests.support.ledger.oracle import OracleClock
from tests.support.ledger.strategies import clock_packs, delivery_batches, event_streams, instants, report_events

END = START + 61 * DAY


def _apply_stream(stream: list[Event], pack: tuple[OracleClock, ...] | None = None) -> LedgerHarness:
    """Return a ledger that was told a stream at one go."""
    subject = LedgerHarness([clock_from_oracle(yardstick) for yardstick in pack]) if pack else LedgerHarness()
    subject.apply(stream)
    subject.advance(END)
    return subject


@given(st.data(), clock_packs, event_streams())
def test_any_order_gives_the_same_rows_and_cohorts(
    data: st.DataObject, pack: tuple[OracleClock, ...], stream: list[Event]
) -> None:
    straight = _apply_stream(stream, pack)

    shuffled = _apply_stream(data.draw(st.permutations(stream)), pack)

    assert shuffled.report_rows() == straight.report_rows()
    assert shuffled.cohorts() == straight.cohorts()


@given(st.data(), event_streams())
def test_any_split_with_time_passing_and_repetition_gives_the_same_rows_and_cohorts(
    data: st.DataObject, stream: list[Event]
) -> None:
    straight = _apply_stream(stream)

    split = LedgerHarness()
    for part, now in data.draw(delivery_batches(stream)):
        split.advance(now)
        split.apply(part)
        split.commit()
    split.advance(END)

    assert split.report_rows() == straight.report_rows()
    assert split.cohorts() == straight.cohorts()


@given(st.data(), clock_packs, event_streams())
def test_no_counter_depends_on_when_changes_are_taken_and_nothing_on_when_they_are_prepared(
    data: st.DataObject, pack: tuple[OracleClock, ...], stream: list[Event]
) -> None:
    clocks = [clock_from_oracle(yardstick) for yardstick in pack]
    seldom, often, prepared = LedgerHarness(clocks), LedgerHarness(clocks), LedgerHarness(clocks)

    for part, now in [*data.draw(delivery_batches(stream)), ([], END)]:
        for subject in (seldom, often, prepared):
            subject.advance(now)
        for event in part:
            for subject in (seldom, often, prepared):
                subject.apply([event])
            often.commit()
            if data.draw(st.booleans()):
                prepared.ledger.prepare_changes()

    assert often.counters() == prepared.counters() == seldom.counters()
    assert prepared.read_rows() == seldom.read_rows()


@given(st.data(), event_streams())
def test_an_equal_event_twice_is_a_duplicate_and_nothing_else(data: st.DataObject, stream: list[Event]) -> None:
    facts = [event for event in stream if not isinstance(event, Heartbeat)]
    again = data.draw(st.lists(st.sampled_from(facts), max_size=5)) if facts else []
    once, twice = _apply_stream(stream), _apply_stream([*stream, *again])

    duplicates = {name: names.get("duplicates", 0) for name, names in once.counters().items()}
    for event in again:
        duplicates[event.platform] += 1

    assert twice.report_rows() == once.report_rows()
    assert twice.cohorts() == once.cohorts()
    assert twice.net_counters() == once.net_counters()
    assert {name: names.get("duplicates", 0) for name, names in twice.counters().items()} == duplicates


@given(st.data(), event_streams(), instants)
def test_a_copy_that_was_logged_later_changes_nothing(data: st.DataObject, stream: list[Event], now: int) -> None:
    facts = [event for event in stream if not isinstance(event, Heartbeat)]
    late = [
        event._replace(logged_at=event.logged_at + DAY)
        for event in facts
        if event.logged_at + DAY - event.at <= 14 * DAY and data.draw(st.booleans())
    ]

    first, last = LedgerHarness(), LedgerHarness()
    first.advance(now)
    last.advance(now)
    first.apply([*stream, *late])
    last.apply([*late, *stream])

    assert first.report_rows() == last.report_rows() == _apply_stream(stream).report_rows()
    assert first.cohorts() == last.cohorts()


@given(st.data(), report_events())
def test_a_retracted_event_leaves_what_its_absence_leaves(data: st.DataObject, life: list[Event]) -> None:
    facts = [event for event in life if not isinstance(event, Heartbeat | Retraction)]
    target = data.draw(st.sampled_from([fact.id for fact in facts])) if facts else 1
    without = [event for event in life if isinstance(event, Retraction) or _event_id(event) != target]
    innocent = not any(isinstance(event, Retraction) and event.id == target for event in life)
    withdrawal = retraction(target)

    place = data.draw(st.integers(0, len(life)))
    retracted = _apply_stream([*life[:place], withdrawal, *life[place:]])

    if innocent:
        assert retracted.cohorts() == _apply_stream(without).cohorts()
        assert retracted.net_counters() == _apply_stream(without).net_counters()


def _event_id(event: Event) -> int | None:
    return None if isinstance(event, Heartbeat) else event.id


@given(st.data(), report_events())
def test_of_events_with_one_id_the_earliest_has_effect_wherever_it_comes(
    data: st.DataObject, life: list[Event]
) -> None:
    chosen: dict[int, Filing | Action | Amendment | Retraction] = {}
    for event in life:
        if not isinstance(event, Heartbeat):
            held = chosen.setdefault(event.id, event)
            chosen[event.id] = min(held, event, key=lambda fact: (fact.at, fact.content, fact.logged_at))

    everything = _apply_stream(data.draw(st.permutations(life)))
    standing_alone = _apply_stream([event for event in life if chosen.get(_event_id(event) or 0) is event])

    assert everything.cohorts() == standing_alone.cohorts()
    assert everything.net_counters() == standing_alone.net_counters()


@given(report_events())
def test_a_retraction_of_a_retraction_has_no_effect(life: list[Event]) -> None:
    targets = {event.id for event in life if isinstance(event, Retraction)}
    others = {_event_id(event) for event in life if not isinstance(event, Retraction)}

    answered = life + [retraction(target) for target in sorted(targets - others)]

    assert _apply_stream(answered).cohorts() == _apply_stream(life).cohorts()
