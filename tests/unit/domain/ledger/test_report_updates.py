"""Notices about single reports: what a reader of them knows in the end is what the report says."""

from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.clocks.deadlines import MET
from streams.domain.clocks.endings import COMPETING_ENDINGS, STOPPED
from streams.domain.clocks.standard import STANDARD_CLOCKS
from streams.domain.duration_bins import DAY, HOUR
from streams.domain.events import Event
from streams.domain.ledger.report_updates import ClocksEnded, DeadlinesPassed, EndedClock, ReportUpdate
from tests.support.builders import REMOVAL, START, action, filing
from tests.support.ledger.harness import LedgerHarness, clock_from_oracle, oracle_with_clocks
from tests.support.ledger.oracle import Oracle, OracleClock, oracle_run
from tests.support.ledger.strategies import REPORT_KEYS, clock_packs, delivery_batches, event_streams, instants

_ENDING_NUMBERS = {"stopped": STOPPED} | {outcome.value: number for outcome, number in COMPETING_ENDINGS.items()}


def last_words(notices: Iterable[ReportUpdate]) -> dict[tuple[bytes, str], tuple[EndedClock, int] | int]:
    """Return, by report and clock, what a reader of notices knows in the end: how it ended, or when it was missed."""
    known: dict[tuple[bytes, str], tuple[EndedClock, int] | int] = {}
    for notice in notices:
        if isinstance(notice, DeadlinesPassed):
            known |= {(notice.key, clock.key): notice.at for clock in notice.clocks}
        else:
            known |= {(notice.key, ended.clock.key): (ended, notice.duration) for ended in notice.ended_clocks}
    return known


def live_clock_ends(oracle: Oracle, events: list[Event]) -> dict[tuple[bytes, str], tuple[int, int]]:
    """Return by report and clock the ending and the duration, where the limit had not passed when we were told."""
    found = {}
    for key, (filed, workload) in oracle.profiles(events).items():
        for clock in oracle.clocks:
            run = oracle_run(clock, filed, workload.steps)
            ended = run.ending not in {"absent", "open", "frozen"}
            if ended and (clock.limit is None or run.start + clock.limit + run.paused_ms > filed.logged_at):
                found[key, f"{clock.name}@1"] = (_ENDING_NUMBERS[run.ending], run.duration)
    return found


@settings(max_examples=2 * settings().max_examples)
@given(st.data(), clock_packs, event_streams(), instants)
def test_the_last_word_on_a_clock_that_ended_is_its_ending_and_duration(
    data: st.DataObject, pack: tuple[OracleClock, ...], stream: list[Event], end: int
) -> None:
    subject, oracle = LedgerHarness([clock_from_oracle(yardstick) for yardstick in pack]), oracle_with_clocks(pack)

    for part, now in data.draw(delivery_batches(stream)):
        subject.advance(now)
        subject.apply(part)
        if data.draw(st.booleans()):
            subject.commit()
    subject.advance(max(end, subject.ledger.now))
    subject.commit()

    known = last_words(subject.updates)
    for place, (ending, duration) in live_clock_ends(oracle, stream).items():
        said = known[place]
        assert isinstance(said, tuple)
        assert (said[0].ending, said[1]) == (ending, duration)


@given(clock_packs, event_streams(), instants)
def test_every_live_miss_is_published_and_nothing_is_published_as_missed_that_was_never_counted(
    pack: tuple[OracleClock, ...], stream: list[Event], now: int
) -> None:
    subject, oracle = LedgerHarness([clock_from_oracle(yardstick) for yardstick in pack]), oracle_with_clocks(pack)
    for event in stream:
        subject.apply([event])
    subject.advance(now)
    subject.commit()

    known = last_words(subject.updates)
    missed = {
        (deadline.key, f"{deadline.clock}@1")
        for deadline in oracle.deadline_outcomes(stream, now)
        if (deadline.outcome, deadline.timing) == ("missed", "live")
    }
    assert missed <= known.keys()
    counted = sum(
        count
        for tally in subject.ledger.counters().values()
        for name, count in tally.items()
        if name.startswith("deadline|") and name.endswith("|missed|live")
    )
    assert len({place for place, said in known.items() if isinstance(said, int)}) <= counted


@given(event_streams(), st.integers(0, 60))
def test_a_restored_ledger_repeats_no_update(stream: list[Event], day: int) -> None:
    subject = LedgerHarness()
    subject.apply(stream)
    subject.advance(START + day * DAY)
    subject.commit()
    subject.updates.clear()

    subject.restart()
    subject.advance(START + day * DAY)
    subject.commit()

    assert subject.updates == []


@given(event_streams())
def test_what_nobody_wants_is_not_collected(stream: list[Event]) -> None:
    subject = LedgerHarness()
    subject.config = subject.config._replace(with_updates=False)
    subject.restart()

    subject.apply(stream)
    subject.advance(START + 60 * DAY)
    subject.commit()

    assert subject.updates == []


def test_limits_that_pass_together_are_one_update_and_so_are_clocks_that_end_together() -> None:
    missed, decided = LedgerHarness(), LedgerHarness()
    missed.apply([filing()])
    decided.apply([filing(), action(REMOVAL, HOUR)])

    for subject in (missed, decided):
        subject.advance(START + 3 * DAY)
        subject.commit()

    (miss,) = missed.updates
    assert isinstance(miss, DeadlinesPassed)
    assert (miss.key, miss.filed_at, miss.at, {names.clock for names in miss.clocks}) == (
        REPORT_KEYS[0],
        START,
        START + DAY,
        {*STANDARD_CLOCKS},
    )
    (response,) = decided.updates
    assert isinstance(response, ClocksEnded)
    assert response.duration == HOUR
    assert {(ended.clock.clock, ended.ending, ended.deadline_outcome) for ended in response.ended_clocks} == {
        (clock, STOPPED, MET) for clock in STANDARD_CLOCKS
    }
