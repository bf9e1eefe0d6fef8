"""Let partitions with a backlog process records in short turns, so that new records of others are not delayed."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final

_TURN_SECONDS: Final = 0.002
_INITIAL_TURN_RECORDS: Final = 50
_MIN_TURN_RECORDS: Final = 10
_MAX_TURN_RECORDS: Final = 1_000
_LOOP_PASSES: Final = 8
"""How many passes of the event loop separate two turns: a response of the broker takes that many passes to reach the
waiting task, and a commit waits for several responses."""


def batch_size_for(applied: int, seconds: float) -> int:
    """Return how many records fit in a turn, given that `applied` records took `seconds`."""
    return max(
        _MIN_TURN_RECORDS,
        min(_MAX_TURN_RECORDS, int(applied * _TURN_SECONDS / max(seconds, _TURN_SECONDS / _MAX_TURN_RECORDS))),
    )


class FairScheduler:
    """Give the partitions of one worker turns, each of as many records as take about two milliseconds."""

    def __init__(self) -> None:
        self._turn_records = _INITIAL_TURN_RECORDS
        self._is_busy = False
        self._waiting: OrderedDict[int, asyncio.Future[None]] = OrderedDict()

    async def run(self, number: int, work: Callable[[int], Awaitable[int]]) -> int:
        """Run `work` for partition `number` after the partitions that asked before it.

        `work` gets the number of records that it may apply and returns how many it applied; `run` returns the same.
        """
        if self._is_busy:
            await self._wait_for_turn(number)
        self._is_busy = True
        try:
            started = time.perf_counter()  # the event loop's time does not advance during a step
            applied = await work(self._turn_records)
            is_full_turn = 2 * applied >= self._turn_records
            if is_full_turn:  # a turn with few records says little about the speed, and delayed no other partition
                self._turn_records = batch_size_for(applied, time.perf_counter() - started)
            for _ in range(_LOOP_PASSES if is_full_turn else 1):
                await asyncio.sleep(0)
            return applied
        finally:
            self._start_next()

    def prioritise(self, number: int) -> None:
        """Give partition `number` the next turn, if it waits."""
        if number in self._waiting:
            self._waiting.move_to_end(number, last=False)

    async def _wait_for_turn(self, number: int) -> None:
        turn = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            await turn
        except asyncio.CancelledError:
            if self._waiting.get(number) is turn:
                del self._waiting[number]
            if not turn.cancelled():  # the turn had just been granted
                self._start_next()
            raise

    def _start_next(self) -> None:
        while self._waiting:
            _, turn = self._waiting.popitem(last=False)
            if not turn.done():  # a task that was just cancelled is still in the queue
                turn.set_result(None)
                return
        self._is_busy = False
