"""Events of one instant: their order follows from what they say, so equal stories have equal figures."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import chain, combinations_with_replacement
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contract.packs.file import read_pack
from streams.domain.clocks.definition import ALWAYS_VALID, Clock, Scope
from streams.domain.clocks.selection import ClockSelector
from streams.domain.clocks.standard import STANDARD_CLOCKS
from streams.domain.duration_bins import DAY, HOUR
from streams.domain.events import (
    ACTION_CODES,
    ACTION_KINDS,
    FILING_CODE,
    Action,
    ActionKind,
    Event,
    Heartbeat,
    Retraction,
)
from streams.domain.ledger.config import PlatformConfig
from streams.domain.reports.evaluation import Evaluator
from streams.domain.reports.measurement import MeasuredReport
from streams.domain.reports.report_row import Entry, ReportRow
from streams.domain.vocabulary import Harm, Outcome, Reversal
from tests.support.builders import REMOVAL, START, action, encoded_labels, filing
from tests.support.ledger.harness import LedgerHarness, clock_from_oracle
from tests.support.ledger.oracle import OracleClock, OracleProfile
from tests.support.ledger.strategies import REPORT_KEYS, clock_packs, event_streams
from tests.support.paths import CHILDREN_PACK

NO_VIOLATION, REOPENED, PAUSED, RESUMED, VALIDATED = (
    ActionKind(outcome)
    for outcome in (Outcome.NO_VIOLATION, Outcome.REOPENED, Outcome.PAUSED, Outcome.RESUMED, Outcome.VALIDATED)
)

PAUSING_CLOCK = OracleClock(
    name="pausing",
    stops=frozenset({"final"}),
    pauses=frozenset({"paused"}),
    resumes=frozenset({"resumed"}),
)
VALID_TO_REMOVED_CLOCK = OracleClock(
    name="valid_to_removed",
    starts=frozenset({"validated"}),
    stops=frozenset({"final"}),
    competes=frozenset({"no_violation", "withdrawn"}),
    restarts_after_reopen=True,
    limit=2 * DAY,
)

TimedAction = tuple[int, ActionKind]
"""A deed, and how long after the filing."""


def _profiles(actions: Sequence[TimedAction], *yardsticks: OracleClock) -> set[OracleProfile]:
    """Return how forty equal stories count that differ in nothing but their ids."""
    subject = (
        LedgerHarness([clock_from_oracle(yardstick) for yardstick in yardsticks]) if yardsticks else LedgerHarness()
    )
    for report in range(40):
        key = b"harbor|aa_%d" % report
        subject.apply([filing(key=key, content=report)])
        subject.apply(
            Action(key, "harbor", START + after, START + after, *_content_digests(report, place), action_kind)
            for place, (after, action_kind) in enumerate(actions)
        )
    subject.advance(START + 30 * DAY)
    (marks,) = subject.cohorts().values()
    return set(marks)


def _content_digests(report: int, place: int) -> tuple[int, int]:
    """Return an id and a content that put the deeds of different reports into different orders."""
    return hash((report, place, "id")) % 2**64, hash((place, report, "content")) % 2**32


def test_a_report_that_is_reopened_and_restricted_with_one_click_is_restricted() -> None:
    (mark,) = _profiles([(HOUR, NO_VIOLATION), (5 * HOUR, REOPENED), (5 * HOUR, REMOVAL)])

    assert mark.state == "restricted"
    assert mark.clocks[2][0] == "stopped"


def test_a_second_pause_at_the_instant_of_the_resumption_pauses_again() -> None:
    actions = [(HOUR, PAUSED), (10 * HOUR, RESUMED), (10 * HOUR, PAUSED), (32 * HOUR, RESUMED), (33 * HOUR, REMOVAL)]

    (mark,) = _profiles(actions, PAUSING_CLOCK)

    assert mark.clocks == _profiles([(2 * HOUR, REMOVAL)], PAUSING_CLOCK).pop().clocks


def test_what_is_found_valid_and_removed_at_once_is_removed_after_no_time() -> None:
    (mark,) = _profiles([(HOUR, VALIDATED), (HOUR, REMOVAL)], VALID_TO_REMOVED_CLOCK)

    assert mark.clocks == (("stopped", 0),)


@pytest.mark.parametrize(
    ("ending", "clock"),
    [(REMOVAL, ("stopped", 0)), (NO_VIOLATION, ("no_violation", 0)), (ActionKind(Outcome.EXPIRED), ("open", 120))],
)
def test_a_clock_that_starts_after_the_end_of_its_report_ends_at_once_with_that_end(
    ending: ActionKind, clock: tuple[str, int]
) -> None:
    (mark,) = _profiles([(HOUR, ending), (2 * HOUR, VALIDATED)], VALID_TO_REMOVED_CLOCK)

    assert mark.clocks == (clock,)


def test_a_clock_that_starts_after_its_report_was_opened_again_runs() -> None:
    (mark,) = _profiles([(HOUR, REMOVAL), (2 * HOUR, REOPENED), (3 * HOUR, VALIDATED)], VALID_TO_REMOVED_CLOCK)

    assert mark.clocks == (("open", 180),)


def test_a_clock_that_starts_when_some_items_are_removed_waits_for_the_others() -> None:
    subject = LedgerHarness([clock_from_oracle(VALID_TO_REMOVED_CLOCK)])
    subject.apply([filing(items=3)])
    for place, (after, action_kind, items) in enumerate(
        [(HOUR, REMOVAL, 1), (2 * HOUR, VALIDATED, 0), (5 * HOUR, REMOVAL, 2)]
    ):
        subject.apply([action(action_kind, at=START + after, items=items, event_id=9 + place, content=place)])

    assert subject.net_counters()["harbor"]["stopped_ms|valid_to_removed@1"] == 3 * HOUR


def test_of_two_filings_of_one_instant_the_same_labels_count_whatever_their_ids() -> None:
    subject = LedgerHarness()

    for report in range(40):
        first, second = _content_digests(report, 0), _content_digests(report, 1)
        for (event_id, content), harm in ((first, Harm.BULLYING), (second, Harm.GROOMING)):
            subject.apply([filing(report, labels=encoded_labels(harm), event_id=event_id, content=content)])

    assert len(subject.cohorts()) == 1


def test_of_two_retractions_of_one_id_and_instant_both_count() -> None:
    subject = LedgerHarness()

    subject.apply([filing()])
    subject.apply(action(logged_at=START, event_id=10 + n, content=n) for n in range(2))
    subject.apply(Retraction(REPORT_KEYS[0], "harbor", START + DAY, START, 9, n, 10 + n) for n in range(2))

    (marks,) = subject.cohorts().values()
    assert {mark.state for mark in marks} == {"open"}


PREFIXES: tuple[tuple[ActionKind, ...], ...] = (
    (),
    (PAUSED,),
    (ActionKind(Outcome.ACKNOWLEDGED),),
    (ActionKind(Outcome.RESTRICTED),),
    (NO_VIOLATION,),
    (REMOVAL,),
    (REMOVAL, ActionKind(Outcome.APPEAL_FILED)),
    (REMOVAL, ActionKind(Outcome.REVERSED, reversed_decision=Reversal.RESTRICTION)),
)
"""What may have happened before the instant at which several events tie."""


@cache
def _clocks() -> tuple[Clock, ...]:
    """Return the standard clocks, those of the shipped pack on all reports, and two that pause or start late."""
    shipped = [
        clock._replace(scope=Scope(), validity=ALWAYS_VALID)
        for clock in read_pack(CHILDREN_PACK, ("AU", "EU", "IN", "UK", "US")).clocks
    ]
    return (*STANDARD_CLOCKS, *shipped, clock_from_oracle(PAUSING_CLOCK), clock_from_oracle(VALID_TO_REMOVED_CLOCK))


def _measured_report(
    evaluator: Evaluator, before: Iterable[ActionKind], tied: Iterable[tuple[int, ActionKind]]
) -> MeasuredReport | None:
    """Return a report as measured whose tied deeds bear these digests."""
    entries = [Entry(START, FILING_CODE, 2, encoded_labels(), 0, 0)]
    entries += [
        Entry(START + HOUR + n, ACTION_CODES[action_kind], 0, "", n, 10 + n) for n, action_kind in enumerate(before)
    ]
    entries += [
        Entry(START + DAY, ACTION_CODES[action_kind], n % 3, "", digest, 2**32 - digest)
        for n, (digest, action_kind) in enumerate(tied)
    ]
    return evaluator.evaluate(
        "harbor", ReportRow(PlatformConfig().allowance_s, sorted(entries)), START + 3 * DAY
    ).measured


def _assert_equal_under_all_digests(
    before: Sequence[ActionKind], tied: Sequence[ActionKind], evaluator: Evaluator
) -> bool:
    """Return whether a report counts the same for rising, falling and mixed digests of its tied deeds."""
    numbers = range(100, 100 + len(tied))
    orders = [numbers, numbers[::-1], [*numbers[1::2], *numbers[::2]], [*numbers[2:], *numbers[:2]]]
    measured = [_measured_report(evaluator, before, zip(order, tied, strict=True)) for order in orders]
    return all(one == measured[0] for one in measured)


def _action_sequences(longest: int) -> Iterator[tuple[ActionKind, ...]]:
    return chain.from_iterable(combinations_with_replacement(ACTION_KINDS, size) for size in range(2, longest + 1))


@pytest.mark.parametrize("before", PREFIXES)
def test_no_figure_depends_on_the_ids_of_two_tied_events(before: tuple[ActionKind, ...]) -> None:
    evaluator = Evaluator(ClockSelector(_clocks()))

    assert all(_assert_equal_under_all_digests(before, tied, evaluator) for tied in _action_sequences(2))


@pytest.mark.slow
@pytest.mark.parametrize(("longest", "prefixes"), [(5, PREFIXES[:1]), (3, PREFIXES[1:])])
def test_no_figure_depends_on_the_ids_of_up_to_five_tied_events(
    longest: int, prefixes: Sequence[tuple[ActionKind, ...]]
) -> None:
    evaluator, seen = Evaluator(ClockSelector(_clocks())), 0

    for before in prefixes:
        for tied in _action_sequences(longest):
            seen += 1
            assert _assert_equal_under_all_digests(before, tied, evaluator), tied

    assert seen == len(prefixes) * sum(comb(len(ACTION_KINDS) + size - 1, size) for size in range(2, longest + 1))


@given(st.data(), clock_packs, event_streams())
def test_other_ids_and_contents_change_no_figure(
    data: st.DataObject, pack: tuple[OracleClock, ...], stream: list[Event]
) -> None:
    clocks = [clock_from_oracle(yardstick) for yardstick in pack]
    ids = data.draw(st.permutations(range(1, 60)))
    salt = data.draw(st.integers(1, 2**32 - 1))
    renamed = [_with_other_id(event, ids, salt) for event in stream]

    straight, other = LedgerHarness(clocks), LedgerHarness(clocks)
    for subject, events in ((straight, stream), (other, renamed)):
        subject.apply(events)
        subject.advance(START + 61 * DAY)

    assert other.cohorts() == straight.cohorts()
    assert other.duration_totals() == straight.duration_totals()
    assert other.downgraded() == straight.downgraded()
    assert other.counters() == straight.counters()


def _with_other_id(event: Event, ids: Sequence[int], salt: int) -> Event:
    if isinstance(event, Heartbeat):
        return event
    fresh = event._replace(id=ids[event.id], content=event.content ^ salt)
    return fresh._replace(retracted_id=ids[fresh.retracted_id]) if isinstance(fresh, Retraction) else fresh
