"""How clocks run over a sequence of deeds.

Where a clock starts, stops and pauses depends on the order of the deeds alone, not on their times. A sequence is
therefore compiled once into a plan (which deed did what) and remembered; measuring a report is then arithmetic.
"""

from typing import Final, NamedTuple

from streams.domain.clocks import DEEDS, AfterReopen, Clock
from streams.domain.events import Deed
from streams.domain.states import Standing, State
from streams.domain.vocabulary import Outcome

OPEN: Final = 0
STOPPED: Final = 1
FROZEN: Final = 254
IDLE: Final = 255
"""Endings of a clock: open, stopped, frozen (censored: paused or sealed), idle (it has not begun)."""

_COMPETING: Final = (
    Outcome.NO_VIOLATION,
    Outcome.ALREADY_RESTRICTED,
    Outcome.UNAVAILABLE,
    Outcome.OUT_OF_SCOPE,
    Outcome.INVALIDATED,
    Outcome.WITHDRAWN,
    Outcome.EXPIRED,
)
ENDINGS: Final[dict[Outcome, int]] = {
    outcome: STOPPED + 1 + place
    for place, outcome in enumerate([*_COMPETING, *(o for o in Outcome if o not in _COMPETING)])
}
"""The number of each competing ending; frozen, since cohorts store it."""
EXPIRED: Final = ENDINGS[Outcome.EXPIRED]

_FILING: Final = -1


class Course(NamedTuple):
    """One clock over one sequence: places of deeds, where -1 is the filing and None means never.

    `pauses` are pairs (paused at, resumed at); the last may lack its end. `ending` is OPEN, STOPPED, the number of a
    competing ending, or IDLE when the clock has not started.
    """

    start: int | None
    end: int | None
    ending: int
    pauses: tuple[tuple[int, int | None], ...]

    @property
    def plain(self) -> bool:
        """Whether the clock has run without a pause since the filing, or has not begun."""
        return self.start in (None, _FILING) and not self.pauses


class Plan(NamedTuple):
    """What a sequence of deeds means: the report's state and the course of every clock."""

    state: State
    courses: tuple[Course, ...]


class _Run:
    """One clock while the deeds are read in order."""

    def __init__(self, clock: Clock, items: int) -> None:
        self.clock = clock
        self.items = items
        self.start: int | None = None if clock.starts else _FILING
        self.pauses: list[tuple[int, int | None]] = []
        self._open_again()

    def _open_again(self) -> None:
        self.end: int | None = None
        self.ending = OPEN
        self.decided = 0

    def take(self, place: int, deed: Deed, items: int) -> None:
        """Read the deed at `place`, which decides `items` items (0 for all)."""
        if self.start is None and deed in self.clock.starts:
            self.start = place
        elif self.start is not None and self.ending == OPEN:
            self._pause(place, deed)
            self._finish(place, deed, items)

    def reopen(self) -> None:
        """Open the clock again after its report was opened again, if it is one that restarts."""
        if self.clock.after_reopen is AfterReopen.RESTART:
            self._open_again()

    def _pause(self, place: int, deed: Deed) -> None:
        paused = bool(self.pauses) and self.pauses[-1][1] is None
        if not paused and deed in self.clock.pauses:
            self.pauses.append((place, None))
        elif paused and deed in self.clock.resumes:
            self._resume(place)

    def _resume(self, place: int) -> None:
        if self.pauses and self.pauses[-1][1] is None:
            self.pauses[-1] = (self.pauses[-1][0], place)

    def _finish(self, place: int, deed: Deed, items: int) -> None:
        if deed in self.clock.stops:
            self.decided += items or self.items
            if self.clock.all_items and self.decided < self.items:
                return
            self.ending = STOPPED
        elif deed in self.clock.competes:
            self.ending = ENDINGS[deed.outcome]
        else:
            return
        self.end = place
        self._resume(place)

    def course(self) -> Course:
        """Return what became of the clock."""
        return Course(self.start, self.end, IDLE if self.start is None else self.ending, tuple(self.pauses))


def compile_plan(
    clocks: tuple[Clock, ...], codes: tuple[int, ...], items: int = 1, decided: tuple[int, ...] = ()
) -> Plan:
    """Return what a sequence of deeds means.

    `codes` are places in `clocks.DEEDS`; `items` is how many items the report holds and `decided` how many each
    deed decides (0 or absent for all).
    """
    standing = Standing()
    runs = [_Run(clock, items) for clock in clocks]
    for place, code in enumerate(codes):
        deed = DEEDS[code]
        reopened = standing.take(deed)
        for run in runs:
            if reopened:
                run.reopen()
            run.take(place, deed, decided[place] if decided else 0)
    return Plan(standing.state, tuple(run.course() for run in runs))
