"""A report with very many events: what decides is kept, in any order of arrival, and memory is bounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.duration_bins import DAY, HOUR
from streams.domain.events import Action, ActionKind, Event
from streams.domain.ledger import counters, report_store
from streams.domain.reports import entry_limit
from streams.domain.reports.entry_limit import MAX_ENTRIES
from streams.domain.vocabulary import Outcome, RefusalReason
from tests.support.builders import REMOVAL, START, action, filing, retraction
from tests.support.ledger.harness import CODEC, LedgerHarness, clock_from_oracle
from tests.support.ledger.oracle import OracleClock
from tests.support.ledger.strategies import clock_packs, event_streams

pytestmark = pytest.mark.long


def _action(number: int, kind: ActionKind | Outcome, after: int, items: int = 0) -> Action:
    return action(kind, after, items=items, event_id=number)


def _partial_actions(count: int, first: int = 10) -> list[Action]:
    return [_action(first + n, Outcome.REVIEW_STARTED, 1 + n) for n in range(count)]


def test_a_report_that_was_claimed_very_often_and_then_restricted_is_restricted() -> None:
    subject = LedgerHarness()

    answers = subject.apply([filing(), *_partial_actions(5_000), _action(9, REMOVAL, 2 * HOUR)])

    (marks,) = subject.cohorts().values()
    counted = subject.counters()["harbor"]
    assert set(answers) == {None}
    assert {mark.state for mark in marks} == {"restricted"}
    assert (counted["action|review_started"], counted["folded"]) == (5_000, 5_002 - MAX_ENTRIES)


@pytest.mark.parametrize("backward", [False, True])
def test_a_thousand_items_can_be_decided_one_at_a_time(*, backward: bool) -> None:
    subject, decisions = LedgerHarness(), [_action(10 + n, REMOVAL, HOUR + n, items=1) for n in range(1_000)]

    answers = subject.apply(
        [filing(items=1_000), *_partial_actions(200, 5_000), *(decisions[::-1] if backward else decisions)]
    )

    assert set(answers) == {None}
    assert subject.net_counters()["harbor"]["stopped_ms|time_to_action@1"] == HOUR + 999


@pytest.mark.parametrize(
    "last",
    [
        [_action(9, REMOVAL, DAY)],
        [_action(9, Outcome.NO_VIOLATION, DAY)],
        [_action(8, REMOVAL, HOUR), _action(9, Outcome.REOPENED, DAY)],
        [_action(8, REMOVAL, HOUR), retraction(8)],
    ],
)
def test_what_decides_always_finds_room(last: list[Event]) -> None:
    full, spare = LedgerHarness(), LedgerHarness()
    appeals: list[Event] = [_action(10 + n, Outcome.APPEAL_FILED, 1 + n) for n in range(MAX_ENTRIES - 1)]

    full.apply([filing(), *appeals])
    answers = full.apply(last)
    spare.apply([filing(), *last])

    assert set(answers) == {None}
    assert full.cohorts() == spare.cohorts()
    assert full.ledger.drain_late_refusals() == [(RefusalReason.TOO_MANY, "harbor")] * len(last)


def test_an_event_that_finds_no_room_and_may_decide_something_is_refused() -> None:
    subject = LedgerHarness()
    subject.apply([filing(), *[_action(10 + n, Outcome.APPEAL_FILED, 1 + n) for n in range(MAX_ENTRIES - 1)]])

    answers = subject.apply([_action(9, Outcome.PAUSED, DAY), _action(8, Outcome.ACKNOWLEDGED, DAY)])

    assert answers == [RefusalReason.TOO_MANY, None]


@given(st.data(), clock_packs, event_streams(), st.integers(1, 8))
def test_which_events_are_kept_does_not_depend_on_their_order(
    data: st.DataObject, pack: tuple[OracleClock, ...], stream: list[Event], most: int
) -> None:
    clocks = [clock_from_oracle(yardstick) for yardstick in pack]
    straight, shuffled = LedgerHarness(clocks, quick=False), LedgerHarness(clocks, quick=False)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(entry_limit, "MAX_ENTRIES", most)
        for subject, events in ((straight, stream), (shuffled, data.draw(st.permutations(stream)))):
            subject.apply(events)
            subject.advance(START + 61 * DAY)

    assert shuffled.report_rows() == straight.report_rows()
    assert shuffled.cohorts() == straight.cohorts()
    assert all(len(CODEC.unpack_row(row).entries) <= most for row in straight.report_rows().values())


def test_reports_with_many_events_are_packed_before_they_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_store, "MAX_CHANGED_ENTRIES", 2_000)
    subject = LedgerHarness()
    unpacked = []

    for report in range(40):
        key = b"harbor|aa_%d" % report
        subject.apply(
            [filing(items=200)._replace(key=key), *[claim._replace(key=key) for claim in _partial_actions(99)]]
        )
        found = [subject.ledger._store.find(b"harbor|aa_%d" % each) for each in range(report + 1)]
        unpacked.append(sum(not isinstance(one, bytes) for one in found))

    assert max(unpacked) < 40
    assert subject.counters()["harbor"][counters.action("review_started")] == 40 * 99
