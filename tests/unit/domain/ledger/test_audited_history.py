"""Audited history: counted like its file, always late, never twice."""

from collections import Counter
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.duration_bins import DAY, FOREVER_MS, HOUR
from streams.domain.events import Action, Event, Filing, Heartbeat
from streams.domain.ledger import counters
from streams.domain.ledger.config import HistorySpan, PlatformConfig
from streams.domain.ledger.report_updates import DeadlinesPassed, ReportUpdate
from streams.domain.vocabulary import RefusalReason
from tests.support import builders
from tests.support.builders import START, action, heartbeat
from tests.support.ledger.harness import (
    CADENCES,
    LedgerHarness,
    clock_from_oracle,
    expected_net_counters,
    oracle_with_clocks,
)
from tests.support.ledger.oracle import STANDARD_ORACLE_CLOCKS, OracleClock
from tests.support.ledger.strategies import clock_packs, delivery_batches, event_streams

HISTORY_SINCE, HISTORY_UNTIL = START - 600 * DAY, START + 60 * DAY


def harness_with_history(closes: int, yardsticks: tuple[OracleClock, ...] = STANDARD_ORACLE_CLOCKS) -> LedgerHarness:
    """Return a ledger with a span of history that every platform has open until `closes`."""
    subject = LedgerHarness([clock_from_oracle(each) for each in yardsticks])
    reopen_history(subject, closes)
    return subject


def reopen_history(subject: LedgerHarness, closes: int) -> None:
    """Restart a ledger with another end of the span."""
    rules = {
        name: PlatformConfig(cadence, history_spans=(HistorySpan(HISTORY_SINCE, HISTORY_UNTIL, closes),))
        for name, cadence in CADENCES.items()
    }
    subject.config = subject.config._replace(platforms=rules)
    subject.commit()
    subject.restart()


def as_history_events(events: Iterable[Event]) -> list[Event]:
    """Return events as they come in an open span."""
    return [event._replace(is_history=True) if isinstance(event, Filing) else event for event in events]


def filing(at: int, published: int, number: int = 1, *, history: bool = True) -> Filing:
    """Return a filing of the first report."""
    return builders.filing(at=at, logged_at=published, is_history=history, event_id=number, content=at % 97)


def removal(at: int, logged_at: int, number: int = 9) -> Action:
    """Return what ends the first report."""
    return action(at=at, logged_at=logged_at, event_id=number, content=at % 89)


def has_only_late_outcomes(net: dict[str, Counter[str]]) -> dict[str, Counter[str]]:
    """Return the same counts with every deadline outcome counted as late."""
    found: dict[str, Counter[str]] = {}
    for platform, names in net.items():
        found[platform] = Counter()
        for name, count in names.items():
            found[platform][name.removesuffix("|live") + "|late" if name.endswith("|live") else name] += count
    return found


@given(st.data(), clock_packs, event_streams(), st.lists(st.integers(61, 390), min_size=1, max_size=3))
def test_history_counts_what_a_file_of_it_says_and_all_of_it_late(
    data: st.DataObject, pack: tuple[OracleClock, ...], stream: list[Event], days: list[int]
) -> None:
    stream = [event for event in stream if not isinstance(event, Heartbeat)]
    clocks, oracle = [clock_from_oracle(yardstick) for yardstick in pack], oracle_with_clocks(pack)
    subject, now = harness_with_history(FOREVER_MS, pack), START + 60 * DAY
    restarted = data.draw(st.booleans())
    for part, _ in data.draw(delivery_batches(stream)):
        subject.apply(as_history_events(part))
        subject.advance(now)
        if restarted:
            subject.commit()
            subject.restart()

    for day in sorted(days):
        now = START + day * DAY
        subject.advance(now)

        assert subject.cohorts() == oracle.cohorts(stream, now)
        assert subject.net_counters() == has_only_late_outcomes(expected_net_counters(oracle, clocks, stream, now))
    orphans = Counter(
        key.split(b"|")[0].decode() for key, workload in oracle.reports_by_key(stream).items() if workload.is_orphan
    )
    assert subject.waiting_orphans() == orphans
    subject.commit()
    # A clock without a limit has no deadline that could be late: its end is published for history, too.
    limited = {clock.key for clock in clocks if clock.limit is not None}
    assert limited.isdisjoint(key for update in subject.updates for key in _clock_keys(update))


def _clock_keys(update: ReportUpdate) -> list[str]:
    if isinstance(update, DeadlinesPassed):
        return [clock.key for clock in update.clocks]
    return [ended.clock.key for ended in update.ended_clocks]


@given(st.data(), event_streams(), st.integers(61, 700))
def test_history_that_comes_again_is_counted_once_before_and_after_its_span_closes(
    data: st.DataObject, stream: list[Event], closes: int
) -> None:
    stream = [event for event in stream if not isinstance(event, Heartbeat)]
    subject = harness_with_history(START + closes * DAY)
    subject.advance(START + 60 * DAY)
    subject.apply(as_history_events(stream))
    subject.advance(START + (closes - 1) * DAY)
    filed = {name: net["filed"] for name, net in subject.net_counters().items()}
    subject.apply(as_history_events(data.draw(st.permutations(stream))))
    subject.advance(START + (closes - 1) * DAY + HOUR)
    assert {name: net["filed"] for name, net in subject.net_counters().items()} == filed

    subject.advance(START + 1_200 * DAY)
    if data.draw(st.booleans()):
        reopen_history(subject, FOREVER_MS)
    subject.apply(as_history_events(data.draw(st.permutations(stream))))
    subject.advance(START + 1_201 * DAY)

    assert {name: net["filed"] for name, net in subject.net_counters().items()} == filed


def test_a_report_of_history_is_kept_while_its_span_is_open_and_evicted_when_it_closes() -> None:
    subject, now = harness_with_history(START + 70 * DAY), START + 61 * DAY
    old = START - 500 * DAY
    subject.advance(now)
    subject.apply([filing(old, old)])
    subject.advance(now + HOUR)
    subject.apply([removal(old + HOUR, old + HOUR)])
    subject.advance(now + DAY)
    assert subject.ledger.reports == 1

    subject.advance(START + 71 * DAY)

    assert subject.ledger.reports == 0
    assert subject.counters()["harbor"][counters.EVICTED] == 1
    assert subject.net_counters()["harbor"]["filed"] == 1
    assert subject.apply([filing(old, old)]) == [RefusalReason.TOO_OLD]


def test_an_action_of_history_waits_for_its_filing_while_the_span_is_open() -> None:
    subject, now, old = harness_with_history(START + 70 * DAY), START + 61 * DAY, START - 500 * DAY
    subject.advance(now)
    subject.apply([removal(old + HOUR, old + HOUR)])
    subject.advance(now + DAY)

    subject.apply([filing(old, old)])
    subject.advance(now + 2 * DAY)

    assert subject.ledger.drain_late_refusals() == []
    assert subject.net_counters()["harbor"]["deadline|time_to_action@1|met|late"] == 1


def test_a_live_filing_has_effect_before_one_of_history_whichever_came_first() -> None:
    live = filing(START + HOUR, START + HOUR, number=1, history=False)
    for number in (1, 2):  # under the same id, and under one of its own
        history = filing(START, START, number=number)
        cohorts = []
        for order in ([live, history], [history, live]):
            subject = harness_with_history(FOREVER_MS)
            subject.apply(order)
            subject.advance(START + 10 * DAY)
            cohorts.append(subject.cohorts())
            assert subject.net_counters()["harbor"]["deadline|time_to_action@1|missed|live"] == 1
            assert subject.counters()["harbor"][counters.CONFLICTS] == 1
        assert cohorts[0] == cohorts[1]


def test_a_filing_logged_live_keeps_its_delay_when_history_claims_that_it_was_logged_earlier() -> None:
    subject = harness_with_history(FOREVER_MS)
    subject.apply([filing(START, START + 10 * DAY, history=False)])
    before = subject.cohorts()

    subject.apply([filing(START, START)])

    assert subject.cohorts() == before


def test_what_was_counted_live_and_evicted_is_not_counted_again_as_history() -> None:
    subject = LedgerHarness()
    subject.apply([filing(START, START, history=False), removal(START + HOUR, START + HOUR)])
    subject.advance(START + 300 * DAY)
    assert subject.ledger.reports == 0
    reopen_history(subject, FOREVER_MS)

    answers = subject.apply([removal(START + HOUR, START + HOUR), filing(START, START)])

    assert answers == [None, RefusalReason.TOO_OLD]
    assert subject.net_counters()["harbor"]["filed"] == 1


def test_history_does_not_make_its_platform_look_alive() -> None:
    subject = harness_with_history(FOREVER_MS)
    subject.apply([heartbeat(START - DAY)])
    subject.advance(START + 20 * DAY)
    seen = subject.ledger.watermark("harbor")

    subject.apply([filing(START - 90 * DAY, START - 90 * DAY)])

    assert subject.ledger.watermark("harbor") == seen
    assert subject.ledger.now == START + 20 * DAY
