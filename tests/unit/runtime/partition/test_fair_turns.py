"""Turns: short, one after the other, and nobody's for ever."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.runtime.partition.fair_turns import FairScheduler, batch_size_for


class TurnRecorder:
    """Work that goes on until it is let go; `told` is what each number was told, in the order of their turns."""

    def __init__(self) -> None:
        self.turns: list[int] = []
        self.done = asyncio.Event()

    def task(self, number: int, applied: int = 1) -> Callable[[int], Awaitable[int]]:
        """Return the work of a partition, which says that it has applied so many records."""

        async def work(_most: int) -> int:
            self.turns.append(number)
            await self.done.wait()
            return applied

        return work


async def request_turns(turns: FairScheduler, work: TurnRecorder, *numbers: int) -> list[asyncio.Task[int]]:
    """Let partitions ask for a turn; the first has it, the others wait."""
    tasks = [asyncio.create_task(turns.run(number, work.task(number, 10 + number))) for number in numbers]
    await asyncio.sleep(0)
    return tasks


async def test_turns_are_given_in_the_order_in_which_they_were_asked_for() -> None:
    turns, work = FairScheduler(), TurnRecorder()
    tasks = await request_turns(turns, work, 3, 1, 2)
    assert work.turns == [3]

    work.done.set()

    assert await asyncio.gather(*tasks) == [13, 11, 12]
    assert work.turns == [3, 1, 2]


async def test_whoever_hurries_is_the_next() -> None:
    turns, work = FairScheduler(), TurnRecorder()
    tasks = await request_turns(turns, work, 3, 1, 2)

    for number in (2, 3, 4):  # one waits, one has its turn, one has not asked
        turns.prioritise(number)
    work.done.set()
    await asyncio.gather(*tasks)

    assert work.turns == [3, 2, 1]


@pytest.mark.parametrize("passes", range(12))
async def test_whoever_no_longer_wants_its_turn_keeps_nobody_from_theirs(passes: int) -> None:
    turns, work = FairScheduler(), TurnRecorder()
    first, second, third = await request_turns(turns, work, 1, 2, 3)
    work.done.set()
    for _ in range(passes):  # it is cancelled while it waits, just when it is given the turn, and in it
        await asyncio.sleep(0)

    second.cancel()
    await asyncio.gather(first, second, third, return_exceptions=True)

    assert third.result() == 13
    assert await turns.run(2, work.task(2)) == 1


async def test_an_error_ends_a_turn_and_is_reported() -> None:
    turns, work = FairScheduler(), TurnRecorder()

    async def broken(_most: int) -> int:
        raise OSError("a broken ledger")

    failed = asyncio.create_task(turns.run(1, broken))
    other = asyncio.create_task(turns.run(2, work.task(2)))
    work.done.set()

    with pytest.raises(OSError, match="a broken ledger"):
        await failed
    assert await other == 1


@given(st.integers(min_value=0, max_value=10_000), st.floats(min_value=0, max_value=60))
def test_a_turn_takes_some_milliseconds_and_always_advances(applied: int, seconds: float) -> None:
    records = batch_size_for(applied, seconds)

    assert 10 <= records <= 1_000
    if 10 < records < 1_000:
        assert records * seconds / applied <= 0.002


@given(st.lists(st.floats(min_value=1e-6, max_value=1), min_size=2).map(sorted))
def test_the_longer_records_take_the_fewer_are_a_turn(seconds: list[float]) -> None:
    found = [batch_size_for(50, one) for one in seconds]

    assert all(before >= after for before, after in pairwise(found))
