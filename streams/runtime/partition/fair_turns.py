"""Whose backlog is applied next, while another platform has none: a short turn of one partition after the other."""

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
"""How often the event loop goes round between two turns: so many steps it takes until an answer of the broker has come
to whoever waits for it, and a commit waits for several answers."""


def batch_size_for(applied: int, seconds: float) -> int:
    """Return how many records are a turn, where so many took so long."""
    return max(
        _MIN_TURN_RECORDS,
        min(_MAX_TURN_RECORDS, int(applied * _TURN_SECONDS / max(seconds, _TURN_SECONDS / _MAX_TURN_RECORDS))),
    )


class FairScheduler:
    """The turns of one worker's partitions, each of as many records as take some two milliseconds."""

    def __init__(self) -> None:
        self._turn_records = _INITIAL_TURN_RECORDS
        self._is_busy = False
        self._waiting: OrderedDict[int, asyncio.Future[None]] = OrderedDict()

    async def run(self, number: int, work: Callable[[int], Awaitable[int]]) -> int:
        """Let partition `number` work when all that asked before it have.

        `work` is told how many records it may apply, and returns how many it has applied, as does this.
        """
        if self._is_busy:
            await self._wait_for_turn(number)
        self._is_busy = True
        try:
            started = time.perf_counter()  # the loop's own time stands still during a step
            applied = await work(self._turn_records)
            full = 2 * applied >= self._turn_records
            if full:  # one with few records tells nothing, and kept nobody waiting
                self._turn_records = batch_size_for(applied, time.perf_counter() - started)
            for _ in range(_LOOP_PASSES if full else 1):
                await asyncio.sleep(0)
            return applied
        finally:
            self._start_next()

    def prioritise(self, number: int) -> None:
        """Let partition `number` be the next, if it waits."""
        if number in self._waiting:
            self._waiting.move_to_end(number, last=False)

    async def _wait_for_turn(self, number: int) -> None:
        turn = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            await turn
        except asyncio.CancelledError:
            if self._waiting.get(number) is turn:
                del self._waiting[number]
            if not turn.cancelled():  # it had just been given
                self._start_next()
            raise

    def _start_next(self) -> None:
        while self._waiting:
            _, turn = self._waiting.popitem(last=False)
            if not turn.done():  # whoever was cancelled a moment ago is still in the line
                turn.set_result(None)
                return
        self._is_busy = False
