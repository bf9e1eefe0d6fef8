"""What outlives forgetting, and what no sequence of events may do."""

from collections.abc import Callable, Mapping
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.clocks import selection
from streams.domain.clocks.selection import ClockSet
from streams.domain.clocks.standard import STANDARD_CLOCKS
from streams.domain.duration_bins import DAY
from streams.domain.events import ACTION_CODES, Action, ActionKind, Amendment, Event, Filing, Heartbeat, Retraction
from streams.domain.ledger.fast_path import sequence_index
from streams.domain.ledger.fast_path.path import Path
from streams.domain.ledger.fast_path.sequence_index import SequenceIndex
from streams.domain.vocabulary import Outcome, RefusalReason
from tests.support.builders import START, action, encoded_labels, filing
from tests.support.ledger.harness import (
    CODEC,
    LedgerHarness,
    clock_from_oracle,
    expected_net_counters,
    oracle_with_clocks,
)
from tests.support.ledger.oracle import OracleClock
from tests.support.ledger.strategies import ACTION_KINDS, REPORT_KEYS, clock_packs, delivery_batches, event_streams


@given(st.data(), clock_packs, event_streams(), st.lists(st.integers(61, 700), min_size=1, max_size=4))
def test_numbers_outlive_the_reports_they_came_from(
    data: st.DataObject, pack: tuple[OracleClock, ...], stream: list[Event], days: list[int]
) -> None:
    clocks = [clock_from_oracle(yardstick) for yardstick in pack]
    subject, oracle = LedgerHarness(clocks), oracle_with_clocks(pack)
    for part, now in data.draw(delivery_batches(stream)):
        subject.advance(now)
        subject.apply(part)

    for day in sorted(days):
        now = START + day * DAY
        subject.advance(now)

        assert subject.cohorts() == oracle.cohorts(stream, now)
        assert subject.duration_totals() == oracle.duration_totals(stream)
        assert subject.net_counters() == expected_net_counters(oracle, clocks, stream, now)


@given(event_streams())
def test_an_orphan_is_refused_once_its_memory_has_passed(stream: list[Event]) -> None:
    subject, oracle = LedgerHarness(), oracle_with_clocks()
    subject.apply(stream)
    orphans = {key: workload for key, workload in oracle.reports_by_key(stream).items() if workload.is_orphan}

    subject.advance(START + 61 * DAY)
    early = subject.ledger.drain_late_refusals()
    subject.advance(START + 300 * DAY)
    late = subject.ledger.drain_late_refusals()

    assert RefusalReason.ORPHAN not in {reason for reason, _ in early}
    assert {name for reason, name in late if reason is RefusalReason.ORPHAN} == {
        key.split(b"|")[0].decode() for key in orphans
    }


_any_time = st.one_of(
    st.integers(START - DAY, START + 40 * DAY),
    st.sampled_from([0, 1, START - 500 * DAY, START + 1_000 * DAY, 253_402_300_799_999]),
)
_any_number = st.integers(0, 5)
_any_key = st.sampled_from([*REPORT_KEYS, b"unknown|cc_1"])


@st.composite
def _any_event(draw: st.DrawFn) -> Event:
    key = draw(_any_key)
    said = (key, key.split(b"|")[0].decode(), draw(_any_time), draw(_any_time), draw(_any_number), draw(_any_number))
    return draw(
        st.one_of(
            st.builds(
                lambda items, test: Filing(*said, encoded_labels(), items, test), st.integers(1, 9), st.booleans()
            ),
            st.builds(
                lambda action_kind, items: Action(*said, action_kind, items), st.sampled_from(ACTION_KINDS), _any_number
            ),
            st.just(Amendment(*said)),
            st.builds(lambda retracts: Retraction(*said, retracts), _any_number),
            st.builds(
                lambda through, topic: Heartbeat(said[1], said[2], said[3], through, said[4], topic),
                _any_time,
                st.sampled_from(["", "report-filed", "action-taken"]),
            ),
        )
    )


@given(clock_packs, st.lists(st.one_of(_any_event(), _any_time), max_size=40))
def test_no_sequence_raises_and_filed_stays_what_the_cohorts_hold(
    pack: tuple[OracleClock, ...], sequence: list[Event | int]
) -> None:
    subject = LedgerHarness([clock_from_oracle(yardstick) for yardstick in pack])

    for said in sequence:
        if isinstance(said, int):
            subject.advance(said)
        else:
            subject.apply([said])
        subject.commit()
    subject.restart()

    filed: dict[str, int] = {}
    for cohort, marks in subject.cohorts().items():
        filed[cohort.platform] = filed.get(cohort.platform, 0) + marks.total()
    assert {name: net["filed"] for name, net in subject.net_counters().items() if net["filed"]} == filed


_INTERMEDIATE_OUTCOMES = (
    Outcome.ACKNOWLEDGED,
    Outcome.ESCALATED,
    Outcome.MERGED,
    Outcome.APPEAL_FILED,
    Outcome.APPEAL_REJECTED,
)


def test_more_sequences_than_are_remembered_are_counted_like_any(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "_MAX_CACHED", 20)
    monkeypatch.setattr(sequence_index, "_KEPT", 20)
    subject, reports = LedgerHarness(), len(_INTERMEDIATE_OUTCOMES) ** 3
    subject.apply([filing()])
    subject.commit()

    for report, outcomes in enumerate(product(_INTERMEDIATE_OUTCOMES, repeat=3)):
        key = b"harbor|cc_%d" % report
        subject.apply([filing(key=key)])
        subject.apply(
            action(ActionKind(outcome), key=key, at=START + n, event_id=1 + n) for n, outcome in enumerate(outcomes, 1)
        )
    subject.apply([action(at=START + 1)])

    (marks,) = subject.cohorts().values()
    counted = subject.counters()["harbor"]
    assert (marks.total(), counted["filed"], counted["action|restricted"]) == (reports + 1, reports + 1, 1)
    assert counted["action|merged"] == 3 * reports // len(_INTERMEDIATE_OUTCOMES)


def test_what_sequences_come_to_is_not_remembered_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequence_index, "_KEPT", 20)
    clocks = SequenceIndex(ClockSet(STANDARD_CLOCKS))

    for outcomes in product(_INTERMEDIATE_OUTCOMES, repeat=3):
        path = clocks.filed
        for outcome in outcomes:
            path = path and clocks.after(path, ACTION_CODES[ActionKind(outcome)])

    assert len(_states_reached(clocks.filed)) <= 20


def _states_reached(path: Path | None) -> list[Path]:
    """Return a path and all that it leads to."""
    return [] if path is None else [path, *(far for near in path.onward.values() for far in _states_reached(near))]


def test_an_action_on_the_wrong_partition_is_refused() -> None:
    astray = action(Outcome.ACKNOWLEDGED, at=START)
    subject = LedgerHarness(belongs=lambda key: key != REPORT_KEYS[0])

    answers = subject.apply([astray, astray._replace(key=REPORT_KEYS[1])])

    assert answers == [RefusalReason.WRONG_PARTITION, None]


def test_ten_thousand_orphans_wait_and_no_more() -> None:
    subject = LedgerHarness()
    orphan = action(Outcome.ACKNOWLEDGED, key=b"", at=START)

    answers = subject.apply(orphan._replace(key=f"harbor|aa_{n}".encode()) for n in range(10_001))

    assert answers[:10_000] == [None] * 10_000
    assert answers[10_000] is RefusalReason.ORPHAN


def test_an_orphan_whose_filing_comes_makes_room_for_another() -> None:
    subject = LedgerHarness()
    orphan = action(Outcome.ACKNOWLEDGED, at=START)

    subject.apply([orphan, filing()])

    assert subject.counters()["harbor"].get("orphans", 0) == 0
    assert next(iter(next(iter(subject.cohorts().values())))).state == "acknowledged"


Stored = Callable[[Mapping[bytes, bytes]], dict[bytes, bytes]]
"""By which version rows were stored."""


def _without_closed_day(rows: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Return rows as they were stored before they said since when a report rests."""
    return {key: CODEC.pack(CODEC.unpack_row(row)[:2]) if key[:2] == b"r|" else row for key, row in rows.items()}


@given(st.data(), clock_packs, event_streams(), st.integers(0, 200), st.sampled_from([dict, _without_closed_day]))
def test_a_report_is_evicted_on_the_same_day_whether_it_was_restored_or_not(
    data: st.DataObject, pack: tuple[OracleClock, ...], stream: list[Event], day: int, stored: Stored
) -> None:
    clocks = [clock_from_oracle(yardstick) for yardstick in pack]
    stays, crashes = LedgerHarness(clocks), LedgerHarness(clocks)
    for part, now in data.draw(delivery_batches(stream)):
        for subject in (stays, crashes):
            subject.advance(now)
            subject.apply(part)
    for subject in (stays, crashes):
        subject.advance(START + day * DAY)
        subject.commit()

    crashes.rows = stored(crashes.rows)
    crashes.restart()

    for later in range(200, 265):
        for subject in (stays, crashes):
            subject.advance(START + later * DAY)
            subject.commit()
        assert _without_closed_day(stays.rows) == _without_closed_day(crashes.rows)
