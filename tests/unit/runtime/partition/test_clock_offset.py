"""How far a clock is off is known as well as the quickest stamp, and never overstated."""

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from streams.runtime.partition.clock_offset import ClockOffset

DAY = 86_400_000


class TimedWrite(NamedTuple):
    """A write, by the broker's clock: when it was begun, how long until it was stamped, how long until we heard of it."""

    started_at: int
    request_delay: int
    response_delay: int


instants = st.integers(min_value=0, max_value=1 << 45)
delays = st.integers(min_value=0, max_value=60_000)
writes = st.builds(TimedWrite, instants, delays, delays)
offsets = st.integers(min_value=-DAY, max_value=DAY)


def observed(offset: int, written: list[TimedWrite]) -> ClockOffset:
    known = ClockOffset()
    for one in written:
        stamp = one.started_at + one.request_delay
        known.observe(one.started_at + offset, stamp, stamp + one.response_delay + offset)
    return known


@given(offsets, st.lists(writes))
def test_an_offset_is_never_overstated_nor_turned_round(offset: int, written: list[TimedWrite]) -> None:
    ahead = observed(offset, written).ahead_ms

    assert min(0, offset) <= ahead <= max(0, offset)


@given(offsets, st.lists(writes, min_size=1))
def test_an_offset_is_known_as_well_as_the_quickest_way_out_or_back(offset: int, written: list[TimedWrite]) -> None:
    ahead = observed(offset, written).ahead_ms

    slack = min(one.request_delay for one in written) if offset > 0 else min(one.response_delay for one in written)
    assert abs(offset - ahead) <= slack or ahead == 0


@given(offsets, offsets, writes)
def test_a_clock_that_was_set_is_believed_at_the_next_stamp(former: int, offset: int, written: TimedWrite) -> None:
    known = observed(former, [written])

    stamp = written.started_at + written.request_delay
    known.observe(written.started_at + offset, stamp, stamp + written.response_delay + offset)

    assert min(0, former, offset) <= known.ahead_ms <= max(0, former, offset)


def test_a_broker_that_stamps_nothing_says_nothing() -> None:
    known = ClockOffset()

    known.observe(DAY, None, DAY)

    assert (known.is_known, known.ahead_ms) == (False, 0)
