"""Plain reports: a filing, then actions on all of it and amendments, with ids of their own, and nothing else.

What a plain report comes to follows from the sequence of its codes and from its times. A sequence is compiled once
into a `Path`, which knows what its last deed changed, so that a report need not be read twice to post it.
"""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Final, NamedTuple

from streams.domain.appraise import Appraiser
from streams.domain.clocks import Clock
from streams.domain.cohort import CLOSED, layout, words
from streams.domain.course import OPEN, Plan
from streams.domain.desk import Told
from streams.domain.grid import EDGES
from streams.domain.report import FIRST_DEED
from streams.domain.states import OPEN_STATES

_PATHS_KEPT: Final = 100_000
_LIMITS: Final = frozenset({None, *EDGES})


class End(NamedTuple):
    """A clock (its place in the pack), the place of the entry that ended it (0: none has), and the ending."""

    clock: int
    place: int
    ending: int


class Path:
    """A plain report after a sequence of entries, given by its codes.

    `ends` are the clocks that have ended, `ended` those that the last entry ended, None where it did anything else to
    a clock; `running` are the others and `limits` their limits, ascending. `open` tells whether the report is open,
    `settled` that neither it nor any clock is. `onward` and `told` remember where one more code leads and what the
    last deed is counted under, by the bin of its duration.
    """

    __slots__ = (
        *("_pack", "_values", "_words", "before", "codes", "ended", "ends"),
        *("limits", "onward", "open", "running", "settled", "told"),
    )

    def __init__(self, codes: tuple[int, ...], plan: Plan, clocks: Sequence[Clock], before: "Path | None") -> None:
        deeds = [place for place, code in enumerate(codes) if code >= FIRST_DEED]
        ends = [
            End(clock, 0 if course.end is None else deeds[course.end], course.ending)
            for clock, course in enumerate(plan.courses)
        ]
        self.codes = codes
        self.before = before
        self.open = plan.state in OPEN_STATES
        self.ends = tuple(end for end in ends if end.ending != OPEN)
        self.ended = _news(before, self)
        self.running = tuple(end.clock for end in ends if end.ending == OPEN)
        limits = {clocks[place].limit for place in self.running}
        self.limits = tuple(sorted(limit for limit in limits if limit is not None))
        self.settled = not self.open and not self.running
        self.onward: dict[int, Path | None] = {}
        self.told: dict[int, Told] = {}
        self._pack = layout(len(ends)).pack
        self._values = _picker([end.place for end in ends])
        self._words = words(plan.state, [end.ending for end in ends])

    def signature(self, risk: int, values: Sequence[int]) -> bytes:
        """Return the stored signature of a report at risk from the bin `risk` on.

        `values` are its filing minute and then, for each entry that follows, the bin of its distance from the filing.
        """
        return self._pack(risk, values[0] if self.open else CLOSED, *self._values(values)) + self._words


class Paths:
    """The paths that reports have taken so far, under one set of clocks."""

    def __init__(self, clocks: tuple[Clock, ...], appraiser: Appraiser) -> None:
        self._clocks = clocks
        self._appraiser = appraiser
        self._simple = not any(clock.starts or clock.pauses or clock.limit not in _LIMITS for clock in clocks)
        self._paths: dict[tuple[int, ...], Path | None] = {}

    def of(self, codes: tuple[int, ...]) -> Path | None:
        """Return the path of a plain report with these entries, None where no such report is plain."""
        if codes not in self._paths:
            if len(self._paths) >= _PATHS_KEPT:
                self._paths.clear()
            plan = self._appraiser.plan_of(codes) if self._simple else None
            before = self.of(codes[:-1]) if plan is not None and len(codes) > 1 else None
            self._paths[codes] = None if plan is None else Path(codes, plan, self._clocks, before)
        return self._paths[codes]

    def after(self, path: Path, code: int) -> Path | None:
        """Return the path that one more entry leads to."""
        if code not in path.onward:
            path.onward[code] = self.of((*path.codes, code))
        return path.onward[code]


def _news(before: Path | None, after: Path) -> tuple[End, ...] | None:
    """Return what ended with the last deed, None if what had ended before did not stay."""
    known = () if before is None else before.ends
    if not set(known) <= set(after.ends):
        return None
    return tuple(end for end in after.ends if end not in known)


def _picker(places: Sequence[int]) -> Callable[[Sequence[int]], tuple[int, ...]]:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda values: tuple([values[place] for place in places])
