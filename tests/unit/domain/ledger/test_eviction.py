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
from tests.support.ledger.harness import CODEC, Subject, clock_of, expected_net, oracle_for
from tests.support.ledger.oracle import Yardstick
from tests.support.ledger.strategies import DEEDS, KEYS, START, batches, packs, streams


@given(st.data(), packs, streams(), st.lists(st.integers(61, 700), min_size=1, max_size=4))
def test_numbers_outlive_the_reports_they_came_from(
    data: st.DataObject, pack: tuple[Yardstick, ...], stream: list[Event], days: list[int]
) -> None:
    clocks = [clock_of(yardstick) for yardstick in pack]
    subject, oracle = Subject(clocks), oracle_for(pack)
    for part, now in data.draw(batches(stream)):
        subject.advance(now)
        subject.feed(part)

    for day in sorted(days):
        now = START + day * DAY
        subject.advance(now)

        assert subject.cohorts() == oracle.cohorts(stream, now)
        assert subject.stop_sums() == oracle.stop_sums(stream)
        assert subject.net() == expected_net(oracle, clocks, stream, now)


@given(streams())
def test_an_orphan_is_refused_once_its_memory_has_passed(stream: list[Event]) -> None:
    subject, oracle = Subject(), oracle_for()
    subject.feed(stream)
    orphans = {key: story for key, story in oracle.stories(stream).items() if story.orphan}

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
_any_key = st.sampled_from([*KEYS, b"unknown|cc_1"])


@st.composite
def _anything(draw: st.DrawFn) -> Event:
    key = draw(_any_key)
    said = (key, key.split(b"|")[0].decode(), draw(_any_time), draw(_any_time), draw(_any_number), draw(_any_number))
    return draw(
        st.one_of(
            st.builds(lambda items, test: Filing(*said, "gaaaabEU", items, test), st.integers(1, 9), st.booleans()),
            st.builds(lambda deed, items: Action(*said, deed, items), st.sampled_from(DEEDS), _any_number),
            st.just(Amendment(*said)),
            st.builds(lambda retracts: Retraction(*said, retracts), _any_number),
            st.builds(
                lambda through, topic: Heartbeat(said[1], said[2], said[3], through, said[4], topic),
                _any_time,
                st.sampled_from(["", "report-filed", "action-taken"]),
            ),
        )
    )


@given(packs, st.lists(st.one_of(_anything(), _any_time), max_size=40))
def test_no_sequence_raises_and_filed_stays_what_the_cohorts_hold(
    pack: tuple[Yardstick, ...], sequence: list[Event | int]
) -> None:
    subject = Subject([clock_of(yardstick) for yardstick in pack])

    for said in sequence:
        if isinstance(said, int):
            subject.advance(said)
        else:
            subject.feed([said])
        subject.commit()
    subject.crash()

    filed: dict[str, int] = {}
    for cohort, marks in subject.cohorts().items():
        filed[cohort.platform] = filed.get(cohort.platform, 0) + marks.total()
    assert {name: net["filed"] for name, net in subject.net().items() if net["filed"]} == filed


_ON_THE_WAY = (Outcome.ACKNOWLEDGED, Outcome.ESCALATED, Outcome.MERGED, Outcome.APPEAL_FILED, Outcome.APPEAL_REJECTED)


def test_more_sequences_than_are_remembered_are_counted_like_any(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "_MAX_CACHED", 20)
    monkeypatch.setattr(sequence_index, "_KEPT", 20)
    subject, reports = Subject(), len(_ON_THE_WAY) ** 3
    subject.feed([Filing(KEYS[0], "harbor", START, START, 1, 1, "gaaaabEU")])
    subject.commit()

    for report, outcomes in enumerate(product(_ON_THE_WAY, repeat=3)):
        key = b"harbor|cc_%d" % report
        subject.feed([Filing(key, "harbor", START, START, 1, 1, "gaaaabEU")])
        subject.feed(
            Action(key, "harbor", START + n, START + n, 1 + n, 1, ActionKind(outcome))
            for n, outcome in enumerate(outcomes, 1)
        )
    subject.feed([Action(KEYS[0], "harbor", START + 1, START + 1, 2, 1, ActionKind(Outcome.RESTRICTED, is_final=True))])

    (marks,) = subject.cohorts().values()
    counted = subject.counters()["harbor"]
    assert (marks.total(), counted["filed"], counted["action|restricted"]) == (reports + 1, reports + 1, 1)
    assert counted["action|merged"] == 3 * reports // len(_ON_THE_WAY)


def test_what_sequences_come_to_is_not_remembered_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequence_index, "_KEPT", 20)
    clocks = SequenceIndex(ClockSet(STANDARD_CLOCKS))

    for outcomes in product(_ON_THE_WAY, repeat=3):
        path = clocks.filed
        for outcome in outcomes:
            path = path and clocks.after(path, ACTION_CODES[ActionKind(outcome)])

    assert len(_reached(clocks.filed)) <= 20


def _reached(path: Path | None) -> list[Path]:
    """Return a path and all that it leads to."""
    return [] if path is None else [path, *(far for near in path.onward.values() for far in _reached(near))]


def test_an_action_on_the_wrong_partition_is_refused() -> None:
    astray = Action(KEYS[0], "harbor", START, START, 1, 1, ActionKind(Outcome.ACKNOWLEDGED))
    subject = Subject(belongs=lambda key: key != KEYS[0])

    answers = subject.feed([astray, astray._replace(key=KEYS[1])])

    assert answers == [RefusalReason.WRONG_PARTITION, None]


def test_ten_thousand_orphans_wait_and_no_more() -> None:
    subject = Subject()
    orphan = Action(b"", "harbor", START, START, 1, 1, ActionKind(Outcome.ACKNOWLEDGED))

    answers = subject.feed(orphan._replace(key=f"harbor|aa_{n}".encode()) for n in range(10_001))

    assert answers[:10_000] == [None] * 10_000
    assert answers[10_000] is RefusalReason.ORPHAN


def test_an_orphan_whose_filing_comes_makes_room_for_another() -> None:
    subject = Subject()
    orphan = Action(KEYS[0], "harbor", START, START, 1, 1, ActionKind(Outcome.ACKNOWLEDGED))

    subject.feed([orphan, Filing(KEYS[0], "harbor", START, START, 2, 2, "gaaaabEU")])

    assert subject.counters()["harbor"].get("orphans", 0) == 0
    assert next(iter(next(iter(subject.cohorts().values())))).state == "acknowledged"


Stored = Callable[[Mapping[bytes, bytes]], dict[bytes, bytes]]
"""By which version rows were stored."""


def _unrested(rows: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Return rows as they were stored before they said since when a report rests."""
    return {key: CODEC.pack(CODEC.unpack_row(row)[:2]) if key[:2] == b"r|" else row for key, row in rows.items()}


@given(st.data(), packs, streams(), st.integers(0, 200), st.sampled_from([dict, _unrested]))
def test_a_report_is_forgotten_on_the_same_day_whether_it_was_restored_or_not(
    data: st.DataObject, pack: tuple[Yardstick, ...], stream: list[Event], day: int, stored: Stored
) -> None:
    clocks = [clock_of(yardstick) for yardstick in pack]
    stays, crashes = Subject(clocks), Subject(clocks)
    for part, now in data.draw(batches(stream)):
        for subject in (stays, crashes):
            subject.advance(now)
            subject.feed(part)
    for subject in (stays, crashes):
        subject.advance(START + day * DAY)
        subject.commit()

    crashes.rows = stored(crashes.rows)
    crashes.crash()

    for later in range(200, 265):
        for subject in (stays, crashes):
            subject.advance(START + later * DAY)
            subject.commit()
        assert _unrested(stays.rows) == _unrested(crashes.rows)
