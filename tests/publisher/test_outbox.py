"""The account of a publisher, and what it lets a heartbeat promise."""

from hypothesis import given
from hypothesis import strategies as st

from producers.publisher.delivery.outbox import HEARTBEAT, Outbox


def test_a_promise_stops_short_of_what_is_not_acknowledged() -> None:
    outbox = Outbox(capacity=10)
    outbox.hand_in("event-a", 500)
    late = outbox.hand_in("event-b", 700)
    outbox.acknowledge(late)

    assert outbox.promise(900) == 499


def test_a_failed_event_holds_the_promise_until_its_id_is_acknowledged() -> None:
    outbox = Outbox(capacity=10)
    outbox.fail(outbox.hand_in("event-a", 500), "Timeout")

    held = outbox.promise(900)
    outbox.acknowledge(outbox.hand_in("event-a", 500))
    free = outbox.promise(900)

    assert (held, free) == (499, 900)


def test_a_whole_promise_is_made_or_none_is() -> None:
    outbox = Outbox(capacity=10)
    waiting = outbox.hand_in("event-a", 500)

    held, promised = outbox.promise(900, whole=True), outbox.promised
    outbox.acknowledge(waiting)

    assert (held, promised) == (None, None)
    assert outbox.promise(900, whole=True) == 900


def test_a_promise_never_goes_back() -> None:
    outbox = Outbox(capacity=10)
    outbox.promise(900)
    outbox.hand_in("event-a", 500)

    assert outbox.promise(950) is None
    assert outbox.promised == 900


def test_a_promise_beyond_all_clocks_is_forgotten() -> None:
    outbox = Outbox(capacity=10)
    outbox.promise(900)

    outbox.forget(900)
    kept = outbox.promise(800)
    outbox.forget(899)

    assert (kept, outbox.promise(800)) == (None, 800)


def test_a_failure_is_told_once() -> None:
    outbox = Outbox(capacity=10)
    outbox.fail(outbox.hand_in("event-a", 500), "Timeout")

    assert outbox.take_failures() == {"event-a": "Timeout"}
    assert outbox.take_failures() == {}


def test_an_acknowledgement_after_giving_up_changes_nothing() -> None:
    outbox = Outbox(capacity=10)
    ticket = outbox.hand_in("event-a", 500)
    outbox.give_up("closed")

    outbox.acknowledge(ticket)

    assert outbox.acknowledged == 0
    assert outbox.take_failures() == {"event-a": "closed"}


def test_heartbeats_hold_nothing_back_and_are_not_counted() -> None:
    outbox = Outbox(capacity=10)
    outbox.acknowledge(outbox.hand_in("beat", None))
    outbox.hand_in("beat", None)

    assert outbox.promise(900) == 900
    assert outbox.acknowledged == 0


def test_a_heartbeat_that_failed_is_told_without_an_id_whatever_becomes_of_its_other_copies() -> None:
    outbox = Outbox(capacity=10)
    failed, arrived = outbox.hand_in("beat", None), outbox.hand_in("beat", None)

    outbox.fail(failed, "Timeout")
    outbox.acknowledge(arrived)

    assert outbox.take_failures() == {HEARTBEAT: "a heartbeat: Timeout"}


def test_only_events_are_named_as_on_their_way() -> None:
    outbox = Outbox(capacity=10)
    outbox.hand_in("beat", None)
    outbox.hand_in("event-a", 500)

    assert outbox.waiting() == ("event-a",)


@given(st.lists(st.tuples(st.integers(0, 50), st.sampled_from(["hand in", "acknowledge", "fail", "promise"]))))
def test_no_promise_ever_covers_an_event_that_waits_or_failed(steps: list[tuple[int, str]]) -> None:
    outbox = Outbox(capacity=10)
    waiting: dict[int, int] = {}
    failed: list[int] = []

    for at, step in steps:
        if step == "hand in":
            waiting[outbox.hand_in(f"event-{at}-{len(waiting)}-{len(failed)}", at)] = at
        elif step == "promise":
            reach = outbox.promise(at)
            assert reach is None or all(reach < instant for instant in (*waiting.values(), *failed))
        elif waiting:
            ticket, instant = waiting.popitem()
            if step == "acknowledge":
                outbox.acknowledge(ticket)
            else:
                outbox.fail(ticket, "Timeout")
                failed.append(instant)
