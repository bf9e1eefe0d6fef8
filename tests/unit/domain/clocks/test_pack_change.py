"""A pack may change while reports wait: each stays under the definitions that were in force when it was filed."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.clocks.clock_history import ClockError, LoadedClock, load_pack
from streams.domain.clocks.definition import Clock
from streams.domain.clocks.standard import STANDARD_CLOCKS
from streams.domain.duration_bins import DAY, FOREVER_MS, HOUR
from streams.domain.events import Event
from tests.support.builders import START
from tests.support.ledger.harness import LedgerHarness, clock_from_oracle, expected_net_counters, oracle_with_clocks
from tests.support.ledger.oracle import OracleClock
from tests.support.ledger.strategies import clock_packs, event_streams, instants

ACKNOWLEDGE_CLOCK, DECISION_CLOCK, ACTION_CLOCK = STANDARD_CLOCKS


@st.composite
def pack_changes(draw: st.DrawFn) -> tuple[tuple[OracleClock, ...], tuple[OracleClock, ...]]:
    """Draw a pack and what becomes of it: some of its clocks, and others under names of their own."""
    former = draw(clock_packs)
    kept = [yardstick for yardstick in former if draw(st.booleans())]
    others = [replace(yardstick, name=f"{yardstick.name}_anew") for yardstick in draw(clock_packs)]
    return former, (*kept, *others)


@given(pack_changes(), event_streams(), st.data(), instants)
def test_each_report_stays_under_the_clocks_that_were_loaded_when_it_was_filed(
    change: tuple[tuple[OracleClock, ...], tuple[OracleClock, ...]], stream: list[Event], data: st.DataObject, end: int
) -> None:
    former, later = change
    subject = LedgerHarness([clock_from_oracle(yardstick) for yardstick in former])
    length = data.draw(st.integers(0, len(stream)))
    subject.apply(stream[:length])
    subject.advance(data.draw(instants))
    subject.commit()

    midnight = -(-(subject.last_logged_at + HOUR) // DAY) * DAY
    subject.restart([clock_from_oracle(yardstick) for yardstick in later])
    subject.apply(stream[length:])
    end = max(end, subject.last_logged_at)
    subject.advance(end)

    gone = [replace(yardstick, windows=((0, midnight),)) for yardstick in former if yardstick not in later]
    new = [replace(yardstick, windows=((midnight, FOREVER_MS),)) for yardstick in later if yardstick not in former]
    both = [yardstick for yardstick in former if yardstick in later]
    expected = (*gone, *both, *new)
    clocks = [clock_from_oracle(yardstick) for yardstick in expected]
    assert subject.net_counters() == expected_net_counters(oracle_with_clocks(expected), clocks, stream, end)


def test_a_pack_that_comes_back_continues_and_leaves_out_what_was_filed_meanwhile() -> None:
    first = load_pack([ACTION_CLOCK], (), 0)
    without = load_pack([DECISION_CLOCK], first.values(), START)
    back = load_pack([ACTION_CLOCK], without.values(), START + 5 * DAY)

    assert back[ACTION_CLOCK.key].loaded == ((0, START + DAY), (START + 6 * DAY, FOREVER_MS))
    assert back[DECISION_CLOCK.key].loaded == ((START + DAY, START + 6 * DAY),)


def test_a_pack_that_is_taken_back_at_once_leaves_no_gap() -> None:
    first = load_pack([ACTION_CLOCK], (), 0)
    without = load_pack([DECISION_CLOCK], first.values(), START)
    back = load_pack([ACTION_CLOCK], without.values(), START + HOUR)

    assert back[ACTION_CLOCK.key] == first[ACTION_CLOCK.key]
    assert back[DECISION_CLOCK.key].effective.validity == ()


def test_a_clock_runs_where_it_is_both_in_force_and_loaded() -> None:
    in_force = ACTION_CLOCK._replace(validity=((10 * DAY, 20 * DAY),))

    assert LoadedClock(in_force, ((0, 12 * DAY), (15 * DAY, FOREVER_MS))).effective.validity == (
        (10 * DAY, 12 * DAY),
        (15 * DAY, 20 * DAY),
    )


def test_a_definition_that_changed_under_its_name_is_refused() -> None:
    history = load_pack([ACTION_CLOCK], (), 0)

    with pytest.raises(ClockError, match=f"clock {ACTION_CLOCK.key}: expected the definition that was loaded first"):
        load_pack([ACTION_CLOCK._replace(limit=HOUR)], history.values(), START)


def test_two_clocks_with_one_mark_are_refused() -> None:
    by_mark: dict[bytes, Clock] = {}
    versions = (ACTION_CLOCK._replace(version=str(number)) for number in range(100_000))
    twin = next(clock for clock in versions if by_mark.setdefault(clock.hash, clock) != clock)

    with pytest.raises(ClockError, match="give one of them another version"):
        load_pack([twin, by_mark[twin.hash]], (), 0)
