"""Any order, split, duplication or redelivery of a stream gives the same rows and the same cohorts."""

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.duration_bins import DAY
from streams.domain.events import Action, Amendment, Event, Filing, Heartbeat, Retraction
from tests.support.ledger.harness import Subject, clock_of
from tests.support.ledger.oracle import Yardstick
from tests.support.ledger.strategies import KEYS, START, batches, instants, lives, packs, streams

END = START + 61 * DAY


def _told(stream: list[Event], pack: tuple[Yardstick, ...] | None = None) -> Subject:
    """Return a ledger that was told a stream at one go."""
    subject = Subject([clock_of(yardstick) for yardstick in pack]) if pack else Subject()
    subject.feed(stream)
    subject.advance(END)
    return subject


@given(st.data(), packs, streams())
def test_any_order_gives_the_same_rows_and_cohorts(
    data: st.DataObject, pack: tuple[Yardstick, ...], stream: list[Event]
) -> None:
    straight = _told(stream, pack)

    shuffled = _told(data.draw(st.permutations(stream)), pack)

    assert shuffled.report_rows() == straight.report_rows()
    assert shuffled.cohorts() == straight.cohorts()


@given(st.data(), streams())
def test_any_split_with_time_passing_and_repetition_gives_the_same_rows_and_cohorts(
    data: st.DataObject, stream: list[Event]
) -> None:
    straight = _told(stream)

    split = Subject()
    for part, now in data.draw(batches(stream)):
        split.advance(now)
        split.feed(part)
        split.commit()
    split.advance(END)

    assert split.report_rows() == straight.report_rows()
    assert split.cohorts() == straight.cohorts()


@given(st.data(), packs, streams())
def test_no_counter_depends_on_when_changes_are_taken_and_nothing_on_when_they_are_prepared(
    data: st.DataObject, pack: tuple[Yardstick, ...], stream: list[Event]
) -> None:
    clocks = [clock_of(yardstick) for yardstick in pack]
    seldom, often, prepared = Subject(clocks), Subject(clocks), Subject(clocks)

    for part, now in [*data.draw(batches(stream)), ([], END)]:
        for subject in (seldom, often, prepared):
            subject.advance(now)
        for event in part:
            for subject in (seldom, often, prepared):
                subject.feed([event])
            often.commit()
            if data.draw(st.booleans()):
                prepared.ledger.prepare_changes()

    assert often.counters() == prepared.counters() == seldom.counters()
    assert prepared.read_rows() == seldom.read_rows()


@given(st.data(), streams())
def test_an_equal_event_twice_is_a_duplicate_and_nothing_else(data: st.DataObject, stream: list[Event]) -> None:
    facts = [event for event in stream if not isinstance(event, Heartbeat)]
    again = data.draw(st.lists(st.sampled_from(facts), max_size=5)) if facts else []
    once, twice = _told(stream), _told([*stream, *again])

    duplicates = {name: names.get("duplicates", 0) for name, names in once.counters().items()}
    for event in again:
        duplicates[event.platform] += 1

    assert twice.report_rows() == once.report_rows()
    assert twice.cohorts() == once.cohorts()
    assert twice.net() == once.net()
    assert {name: names.get("duplicates", 0) for name, names in twice.counters().items()} == duplicates


@given(st.data(), streams(), instants)
def test_a_copy_that_was_told_later_changes_nothing(data: st.DataObject, stream: list[Event], now: int) -> None:
    facts = [event for event in stream if not isinstance(event, Heartbeat)]
    late = [
        event._replace(logged_at=event.logged_at + DAY)
        for event in facts
        if event.logged_at + DAY - event.at <= 14 * DAY and data.draw(st.booleans())
    ]

    first, last = Subject(), Subject()
    first.advance(now)
    last.advance(now)
    first.feed([*stream, *late])
    last.feed([*late, *stream])

    assert first.report_rows() == last.report_rows() == _told(stream).report_rows()
    assert first.cohorts() == last.cohorts()


@given(st.data(), lives())
def test_a_retracted_event_leaves_what_its_absence_leaves(data: st.DataObject, life: list[Event]) -> None:
    facts = [event for event in life if not isinstance(event, Heartbeat | Retraction)]
    target = data.draw(st.sampled_from([fact.id for fact in facts])) if facts else 1
    without = [event for event in life if isinstance(event, Retraction) or _id(event) != target]
    innocent = not any(isinstance(event, Retraction) and event.id == target for event in life)
    retraction = Retraction(KEYS[0], "harbor", START, START, 999, 999, target)

    place = data.draw(st.integers(0, len(life)))
    retracted = _told([*life[:place], retraction, *life[place:]])

    if innocent:
        assert retracted.cohorts() == _told(without).cohorts()
        assert retracted.net() == _told(without).net()


def _id(event: Event) -> int | None:
    return None if isinstance(event, Heartbeat) else event.id


@given(st.data(), lives())
def test_of_events_with_one_id_the_earliest_stands_wherever_it_comes(data: st.DataObject, life: list[Event]) -> None:
    chosen: dict[int, Filing | Action | Amendment | Retraction] = {}
    for event in life:
        if not isinstance(event, Heartbeat):
            held = chosen.setdefault(event.id, event)
            chosen[event.id] = min(held, event, key=lambda fact: (fact.at, fact.content, fact.logged_at))

    everything = _told(data.draw(st.permutations(life)))
    standing_alone = _told([event for event in life if chosen.get(_id(event) or 0) is event])

    assert everything.cohorts() == standing_alone.cohorts()
    assert everything.net() == standing_alone.net()


@given(lives())
def test_a_retraction_of_a_retraction_has_no_effect(life: list[Event]) -> None:
    targets = {event.id for event in life if isinstance(event, Retraction)}
    others = {_id(event) for event in life if not isinstance(event, Retraction)}

    answered = life + [
        Retraction(KEYS[0], "harbor", START, START, 1000 + place, place, target)
        for place, target in enumerate(sorted(targets - others))
    ]

    assert _told(answered).cohorts() == _told(life).cohorts()
