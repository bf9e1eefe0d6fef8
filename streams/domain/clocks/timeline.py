"""How clocks run over a sequence of deeds.

Where a clock starts, stops and pauses depends on the order of the deeds alone, not on their times. A sequence is
therefore compiled once into a plan (which deed did what) and remembered; measuring a report is then arithmetic.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import Final, NamedTuple

from streams.domain.clocks.definition import AfterReopen, Clock
from streams.domain.clocks.endings import COMPETING_ENDINGS, IDLE, OPEN, STOPPED
from streams.domain.clocks.report_state import ReportStateMachine, State
from streams.domain.events import ACTION_KINDS, ActionKind

_FILING_PLACE: Final = -1


class ClockRun(NamedTuple):
    """One clock over one sequence: places of deeds, where -1 is the filing and None means never.

    `pauses` are pairs (paused at, resumed at); the last may lack its end. `ending` is OPEN, STOPPED, the number of a
    competing ending, or IDLE when the clock has not started.
    """

    start: int | None
    end: int | None
    ending: int
    pauses: tuple[tuple[int, int | None], ...]

    @property
    def is_uninterrupted(self) -> bool:
        """Whether the clock has run without a pause since the filing, or has not begun."""
        return self.start in (None, _FILING_PLACE) and not self.pauses


class Timeline(NamedTuple):
    """What a sequence of deeds means: the report's state and the course of every clock."""

    state: State
    runs: tuple[ClockRun, ...]


def _group_equal_actions(
    codes: tuple[int, ...], decided: tuple[int, ...]
) -> Iterator[tuple[int, ActionKind, tuple[int, ...]]]:
    """Yield equal deeds that follow each other: the place of the first, the deed, how many items each decides.

    After the first, the others change neither the report's state nor a clock, but by the items that they decide.
    """
    place = 0
    for code, equal in groupby(codes):
        after = place + len(list(equal))
        yield place, ACTION_KINDS[code], decided[place:after] if decided else (0,)
        place = after


class _ClockMachine:
    """One clock while the deeds are read in order."""

    def __init__(self, clock: Clock, items: int) -> None:
        self.clock = clock
        self.items = items
        self.start: int | None = None if clock.starts else _FILING_PLACE
        self.pauses: list[tuple[int, int | None]] = []
        self._reset()

    def _reset(self) -> None:
        self.end: int | None = None
        self.ending = OPEN
        self.items_decided = 0

    def apply(self, place: int, action: ActionKind, items: tuple[int, ...], ended_by: ActionKind | None) -> None:
        """Read equal deeds from `place` on, on a report that `ended` has ended before; 0 items stand for all."""
        if self.start is None:
            self._start(place, action, items, ended_by)
        elif self.ending == OPEN:
            if self.pauses or action in self.clock.pauses:
                self._update_pause(place, action)
            self._check_end(place, action, items)

    def reopen(self) -> None:
        """Open the clock again after its report was opened again, if it is one that restarts or has not begun."""
        if self.clock.after_reopen is AfterReopen.RESTART or self.start is None:
            self._reset()

    def _start(self, place: int, action: ActionKind, items: tuple[int, ...], ended_by: ActionKind | None) -> None:
        """Start the clock with a deed that does so; what has ended the report by then ends the clock at its start."""
        if action not in self.clock.starts:
            if action in self.clock.stops:
                self.items_decided += sum([decided or self.items for decided in items])
            return
        self.start = place
        before, self.items_decided = self.items_decided, 0
        if ended_by is not None:
            self._check_end(place, ended_by, (before,))

    def _update_pause(self, place: int, action: ActionKind) -> None:
        paused = bool(self.pauses) and self.pauses[-1][1] is None
        if not paused and action in self.clock.pauses:
            self.pauses.append((place, None))
        elif paused and action in self.clock.resumes:
            self._resume(place)

    def _resume(self, place: int) -> None:
        if self.pauses and self.pauses[-1][1] is None:
            self.pauses[-1] = (self.pauses[-1][0], place)

    def _check_end(self, place: int, action: ActionKind, items: tuple[int, ...]) -> None:
        if action in self.clock.stops:
            self._decide_items(place, items)
        elif action in self.clock.competes:
            self._end(place, COMPETING_ENDINGS[action.outcome])

    def _decide_items(self, first: int, items: tuple[int, ...]) -> None:
        for place, decided in enumerate(items, first):
            self.items_decided += decided or self.items
            if not self.clock.all_items or self.items_decided >= self.items:
                self._end(place, STOPPED)
                return

    def _end(self, place: int, ending: int) -> None:
        self.end, self.ending = place, ending
        self._resume(place)

    def result(self) -> ClockRun:
        """Return what became of the clock."""
        return ClockRun(self.start, self.end, IDLE if self.start is None else self.ending, tuple(self.pauses))


def compile_timeline(
    clocks: tuple[Clock, ...], codes: tuple[int, ...], items: int = 1, decided: tuple[int, ...] = ()
) -> Timeline:
    """Return what a sequence of deeds means.

    `codes` are places in `events.DEEDS`; `items` is how many items the report holds and `decided` how many each
    deed decides (0 or absent for all).
    """
    state_machine = ReportStateMachine()
    runs = [_ClockMachine(clock, items) for clock in clocks]
    for place, action, of_items in _group_equal_actions(codes, decided):
        ended = state_machine.ended_by
        reopened = state_machine.apply(action)
        for run in runs:
            if reopened:
                run.reopen()
            run.apply(place, action, of_items, ended and state_machine.ended_by)
    return Timeline(state_machine.state, tuple(run.result() for run in runs))
