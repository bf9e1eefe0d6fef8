"""The account of a publisher, and what it lets a heartbeat promise."""

from hypothesis import given
from hypothesis import strategies as st

from producers.publisher.delivery.outbox import HEARTBEAT_ID, Outbox


def test_a_promise_stops_short_of_what_is_not_acknowledged() -> None:
    outbox = Outbox(capacity=10)
    outbox.add("event-a", 500)
    late = outbox.add("event-b", 700)
    outbox.acknowledge(late)

    assert outbox.reserve_promise(900) == 499


def test_a_failed_event_holds_the_promise_until_its_id_is_acknowledged() -> None:
    outbox = Outbox(capacity=10)
    outbox.fail(outbox.add("event-a", 500), "Timeout")

    held = outbox.reserve_promise(900)
    outbox.acknowledge(outbox.add("event-a", 500))
    free = outbox.reserve_promise(900)

    assert (held, free) == (499, 900)


def test_a_whole_promise_is_made_or_none_is() -> None:
    outbox = Outbox(capacity=10)
    waiting = outbox.add("event-a", 500)

    held, promised = outbox.reserve_promise(900, is_exact=True), outbox.promised_through
    outbox.acknowledge(waiting)

    assert (held, promised) == (None, None)
    assert outbox.reserve_promise(900, is_exact=True) == 900


def test_a_promise_never_goes_back() -> None:
    outbox = Outbox(capacity=10)
    outbox.reserve_promise(900)
    outbox.add("event-a", 500)

    assert outbox.reserve_promise(950) is None
    assert outbox.promised_through == 900


def test_a_promise_beyond_all_clocks_is_evicted() -> None:
    outbox = Outbox(capacity=10)
    outbox.reserve_promise(900)

    outbox.withdraw_promise_after(900)
    kept = outbox.reserve_promise(800)
    outbox.withdraw_promise_after(899)

    assert (kept, outbox.reserve_promise(800)) == (None, 800)


def test_a_failure_is_reported_once() -> None:
    outbox = Outbox(capacity=10)
    outbox.fail(outbox.add("event-a", 500), "Timeout")

    assert outbox.drain_failures() == {"event-a": "Timeout"}
    assert outbox.drain_failures() == {}


def test_an_acknowledgement_after_giving_up_changes_nothing() -> None:
    outbox = Outbox(capacity=10)
    ticket = outbox.add("event-a", 500)
    outbox.fail_all("closed")

    outbox.acknowledge(ticket)

    assert outbox.acknowledged == 0
    assert outbox.drain_failures() == {"event-a": "closed"}


def test_heartbeats_hold_nothing_back_and_are_not_counted() -> None:
    outbox = Outbox(capacity=10)
    outbox.acknowledge(outbox.add("beat", None))
    outbox.add("beat", None)

    assert outbox.reserve_promise(900) == 900
    assert outbox.acknowledged == 0


def test_a_heartbeat_that_failed_is_reported_without_an_id_whatever_becomes_of_its_other_copies() -> None:
    outbox = Outbox(capacity=10)
    failed, arrived = outbox.add("beat", None), outbox.add("beat", None)

    outbox.fail(failed, "Timeout")
    outbox.acknowledge(arrived)

    assert outbox.drain_failures() == {HEARTBEAT_ID: "a heartbeat: Timeout"}


def test_only_events_are_named_as_on_their_way() -> None:
    outbox = Outbox(capacity=10)
    outbox.add("beat", None)
    outbox.add("event-a", 500)

    assert outbox.pending_ids() == ("event-a",)


@given(st.lists(st.tuples(st.integers(0, 50), st.sampled_from(["hand in", "acknowledge", "fail", "promise"]))))
def test_no_promise_ever_covers_an_event_that_waits_or_failed(steps: list[tuple[int, str]]) -> None:
    outbox = Outbox(capacity=10)
    waiting: dict[int, int] = {}
    failed: list[int] = []

    for at, step in steps:
        if step == "hand in":
            waiting[outbox.add(f"event-{at}-{len(waiting)}-{len(failed)}", at)] = at
        elif step == "promise":
            reach = outbox.reserve_promise(at)
            assert reach is None or all(reach < instant for instant in (*waiting.values(), *failed))
        elif waiting:
            ticket, instant = waiting.popitem()
            if step == "acknowledge":
                outbox.acknowledge(ticket)
            else:
                outbox.fail(ticket, "Timeout")
                failed.append(instant)
