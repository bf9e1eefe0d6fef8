"""Audited history: counted like its file, always late, never twice."""

from collections import Counter
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.duration_bins import DAY, FOREVER_MS, HOUR
from streams.domain.events import Action, ActionKind, Event, Filing, Heartbeat
from streams.domain.ledger import counters
from streams.domain.ledger.config import HistorySpan, PlatformConfig
from streams.domain.vocabulary import Outcome, RefusalReason
from tests.support.ledger.harness import CADENCES, Subject, clock_of, expected_net, oracle_for
from tests.support.ledger.oracle import STANDARD_YARDSTICKS, Yardstick
from tests.support.ledger.strategies import KEYS, START, batches, packs, streams

REMOVED = ActionKind(Outcome.RESTRICTED, is_final=True)
LABELS = "gaaaabEU"
SINCE, UNTIL = START - 600 * DAY, START + 60 * DAY


def subject_with(closes: int, yardsticks: tuple[Yardstick, ...] = STANDARD_YARDSTICKS) -> Subject:
    """Return a ledger with a span of history that every platform has open until `closes`."""
    subject = Subject([clock_of(each) for each in yardsticks])
    reopened(subject, closes)
    return subject


def reopened(subject: Subject, closes: int) -> None:
    """Restart a ledger with another end of the span."""
    rules = {
        name: PlatformConfig(cadence, history_spans=(HistorySpan(SINCE, UNTIL, closes),))
        for name, cadence in CADENCES.items()
    }
    subject.rules = subject.rules._replace(platforms=rules)
    subject.commit()
    subject.crash()


def as_history(events: Iterable[Event]) -> list[Event]:
    """Return events as they come in an open span."""
    return [event._replace(is_history=True) if isinstance(event, Filing) else event for event in events]


def filing(at: int, told: int, number: int = 1, *, history: bool = True) -> Filing:
    """Return a filing of the first report."""
    return Filing(KEYS[0], "harbor", at, told, number, at % 97, LABELS, 1, False, history)  # noqa: FBT003


def removal(at: int, told: int, number: int = 9) -> Action:
    """Return what ends the first report."""
    return Action(KEYS[0], "harbor", at, told, number, at % 89, REMOVED, 0)


def all_late(net: dict[str, Counter[str]]) -> dict[str, Counter[str]]:
    """Return the same counts with every verdict counted as late."""
    found: dict[str, Counter[str]] = {}
    for platform, names in net.items():
        found[platform] = Counter()
        for name, count in names.items():
            found[platform][name.removesuffix("|live") + "|late" if name.endswith("|live") else name] += count
    return found


@given(st.data(), packs, streams(), st.lists(st.integers(61, 390), min_size=1, max_size=3))
def test_history_counts_what_a_file_of_it_says_and_all_of_it_late(
    data: st.DataObject, pack: tuple[Yardstick, ...], stream: list[Event], days: list[int]
) -> None:
    stream = [event for event in stream if not isinstance(event, Heartbeat)]
    clocks, oracle = [clock_of(yardstick) for yardstick in pack], oracle_for(pack)
    subject, now = subject_with(FOREVER_MS, pack), START + 60 * DAY
    restarted = data.draw(st.booleans())
    for part, _ in data.draw(batches(stream)):
        subject.feed(as_history(part))
        subject.advance(now)
        if restarted:
            subject.commit()
            subject.crash()

    for day in sorted(days):
        now = START + day * DAY
        subject.advance(now)

        assert subject.cohorts() == oracle.cohorts(stream, now)
        assert subject.net() == all_late(expected_net(oracle, clocks, stream, now))
    orphans = Counter(key.split(b"|")[0].decode() for key, story in oracle.stories(stream).items() if story.orphan)
    assert subject.waiting() == orphans
    subject.commit()
    assert subject.notices == []


@given(st.data(), streams(), st.integers(61, 700))
def test_history_that_comes_again_is_counted_once_before_and_after_its_span_closes(
    data: st.DataObject, stream: list[Event], closes: int
) -> None:
    stream = [event for event in stream if not isinstance(event, Heartbeat)]
    subject = subject_with(START + closes * DAY)
    subject.advance(START + 60 * DAY)
    subject.feed(as_history(stream))
    subject.advance(START + (closes - 1) * DAY)
    filed = {name: net["filed"] for name, net in subject.net().items()}
    subject.feed(as_history(data.draw(st.permutations(stream))))
    subject.advance(START + (closes - 1) * DAY + HOUR)
    assert {name: net["filed"] for name, net in subject.net().items()} == filed

    subject.advance(START + 1_200 * DAY)
    if data.draw(st.booleans()):
        reopened(subject, FOREVER_MS)
    subject.feed(as_history(data.draw(st.permutations(stream))))
    subject.advance(START + 1_201 * DAY)

    assert {name: net["filed"] for name, net in subject.net().items()} == filed


def test_a_report_of_history_is_kept_while_its_span_is_open_and_forgotten_when_it_closes() -> None:
    subject, now = subject_with(START + 70 * DAY), START + 61 * DAY
    old = START - 500 * DAY
    subject.advance(now)
    subject.feed([filing(old, old)])
    subject.advance(now + HOUR)
    subject.feed([removal(old + HOUR, old + HOUR)])
    subject.advance(now + DAY)
    assert subject.ledger.reports == 1

    subject.advance(START + 71 * DAY)

    assert subject.ledger.reports == 0
    assert subject.counters()["harbor"][counters.EVICTED] == 1
    assert subject.net()["harbor"]["filed"] == 1
    assert subject.feed([filing(old, old)]) == [RefusalReason.TOO_OLD]


def test_an_action_of_history_waits_for_its_filing_while_the_span_is_open() -> None:
    subject, now, old = subject_with(START + 70 * DAY), START + 61 * DAY, START - 500 * DAY
    subject.advance(now)
    subject.feed([removal(old + HOUR, old + HOUR)])
    subject.advance(now + DAY)

    subject.feed([filing(old, old)])
    subject.advance(now + 2 * DAY)

    assert subject.ledger.drain_late_refusals() == []
    assert subject.net()["harbor"]["deadline|time_to_action@1|met|late"] == 1


def test_a_live_filing_stands_before_one_of_history_whichever_came_first() -> None:
    live = filing(START + HOUR, START + HOUR, number=1, history=False)
    for number in (1, 2):  # under the same id, and under one of its own
        history = filing(START, START, number=number)
        cohorts = []
        for order in ([live, history], [history, live]):
            subject = subject_with(FOREVER_MS)
            subject.feed(order)
            subject.advance(START + 10 * DAY)
            cohorts.append(subject.cohorts())
            assert subject.net()["harbor"]["deadline|time_to_action@1|missed|live"] == 1
            assert subject.counters()["harbor"][counters.CONFLICTS] == 1
        assert cohorts[0] == cohorts[1]


def test_a_filing_told_live_keeps_its_delay_when_history_claims_that_it_was_told_earlier() -> None:
    subject = subject_with(FOREVER_MS)
    subject.feed([filing(START, START + 10 * DAY, history=False)])
    before = subject.cohorts()

    subject.feed([filing(START, START)])

    assert subject.cohorts() == before


def test_what_was_counted_live_and_forgotten_is_not_counted_again_as_history() -> None:
    subject = Subject()
    subject.feed([filing(START, START, history=False), removal(START + HOUR, START + HOUR)])
    subject.advance(START + 300 * DAY)
    assert subject.ledger.reports == 0
    reopened(subject, FOREVER_MS)

    answers = subject.feed([removal(START + HOUR, START + HOUR), filing(START, START)])

    assert answers == [None, RefusalReason.TOO_OLD]
    assert subject.net()["harbor"]["filed"] == 1


def test_history_does_not_make_its_platform_look_alive() -> None:
    subject = subject_with(FOREVER_MS)
    subject.feed([Heartbeat("harbor", START - DAY, START - DAY, START - DAY, 1)])
    subject.advance(START + 20 * DAY)
    seen = subject.ledger.watermark("harbor")

    subject.feed([filing(START - 90 * DAY, START - 90 * DAY)])

    assert subject.ledger.watermark("harbor") == seen
    assert subject.ledger.now == START + 20 * DAY
