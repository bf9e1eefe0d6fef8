"""Compile a sequence of actions into a timeline: what each action does to each clock.

Where a clock starts, stops and pauses depends on the order of the actions only, not on their times. A timeline can
therefore be compiled once and cached; measuring a report is then arithmetic.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import Final, NamedTuple

from streams.domain.clocks.definition import AfterReopen, Clock
from streams.domain.clocks.endings import COMPETING_ENDINGS, IDLE, OPEN, STOPPED
from streams.domain.clocks.state_machine import ReportStateMachine, State
from streams.domain.events import ACTION_KINDS, ActionKind

_FILING_PLACE: Final = -1


class ClockRun(NamedTuple):
    """One clock over one sequence of actions. `start` and `end` are indexes of actions; -1 is the filing, None never.

    `pauses` are pairs of the pausing and the resuming action; the last pair may have None as its end. `ending` is OPEN,
    STOPPED, the number of a competing ending, or IDLE for a clock that has not started.
    """

    start: int | None
    end: int | None
    ending: int
    pauses: tuple[tuple[int, int | None], ...]

    @property
    def is_uninterrupted(self) -> bool:
        """Whether the clock has run without a pause since the filing, or has not started."""
        return self.start in (None, _FILING_PLACE) and not self.pauses


class Timeline(NamedTuple):
    """The result of a sequence of actions: the report's state, and the run of every clock."""

    state: State
    runs: tuple[ClockRun, ...]


def _group_equal_actions(
    codes: tuple[int, ...], decided: tuple[int, ...]
) -> Iterator[tuple[int, ActionKind, tuple[int, ...]]]:
    """Yield runs of equal actions: the index of the first, the action kind, and how many items each action decides.

    After the first action of a run, the others change nothing except the number of decided items.
    """
    place = 0
    for code, equal in groupby(codes):
        after = place + len(list(equal))
        yield place, ACTION_KINDS[code], decided[place:after] if decided else (0,)
        place = after


class _ClockMachine:
    """The state of one clock while actions are applied in order."""

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
        """Apply equal actions, the first of them at index `place`; 0 items mean all.

        `ended_by`: the action that had ended the report, None if the report was open before or is open afterwards.
        """
        if self.start is None:
            self._start(place, action, items, ended_by)
        elif self.ending == OPEN:
            if self.pauses or action in self.clock.pauses:
                self._update_pause(place, action)
            self._check_end(place, action, items)

    def reopen(self) -> None:
        """Open the clock again after its report was reopened, if the clock restarts or has not started."""
        if self.clock.after_reopen is AfterReopen.RESTART or self.start is None:
            self._reset()

    def _start(self, place: int, action: ActionKind, items: tuple[int, ...], ended_by: ActionKind | None) -> None:
        """Start the clock if the action starts it; the action that ended the report before ends the clock at its start.

        Items that were decided before the start count for that ending: docs/definitions.md §3, Started after the end.
        """
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
        """Return the run of the clock."""
        return ClockRun(self.start, self.end, IDLE if self.start is None else self.ending, tuple(self.pauses))


def compile_timeline(
    clocks: tuple[Clock, ...], codes: tuple[int, ...], items: int = 1, decided: tuple[int, ...] = ()
) -> Timeline:
    """Return the timeline of a sequence of actions.

    `codes` are indexes of `events.ACTION_KINDS`. `items` is the number of items of the filing, `decided` how many items
    each action decides (0 means all, and empty means all for every action).
    """
    state_machine = ReportStateMachine()
    runs = [_ClockMachine(clock, items) for clock in clocks]
    for place, action, items_of_actions in _group_equal_actions(codes, decided):
        ended = state_machine.ended_by
        reopened = state_machine.apply(action)
        for run in runs:
            if reopened:
                run.reopen()
            run.apply(place, action, items_of_actions, ended and state_machine.ended_by)
    return Timeline(state_machine.state, tuple(run.result() for run in runs))
