"""Simple reports: a filing, then actions on all items and amendments, with distinct ids, and nothing else.

The evaluation of a simple report follows from the sequence of its codes and from its times. A sequence is compiled once
into a `Path`, which knows what its last action changed, so that a report need not be evaluated twice.
"""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import NamedTuple

from streams.domain.clocks.endings import IDLE, OPEN
from streams.domain.clocks.state_machine import OPEN_STATES
from streams.domain.clocks.timeline import Timeline
from streams.domain.cohorts.profile import CLOSED_MINUTE, number_layout, status_bytes
from streams.domain.duration_bins import FOREVER_MS
from streams.domain.events import AMENDMENT_CODE, FIRST_ACTION_CODE
from streams.domain.ledger.counters import ClockCounterNames, CounterUpdates
from streams.domain.ledger.report_updates import EndedClock


class End(NamedTuple):
    """A clock (its index in the clock set), the index of the entry that ended it (0: none has), and the ending."""

    clock: int
    place: int
    ending: int


class Path:
    """A simple report after a sequence of entries, given by its codes.

    `ends` are the clocks that have ended, `ended` those that the last entry ended, None if it did anything else to a
    clock; `running` are the others and `limits` their limits, ascending; clocks that have not started are neither.
    `names` are the counter names of the clock set, `shortest` is the shortest limit of all. `open`: the report is open.
    `settled`: neither the report nor any clock is open. `amended`: the report was amended. `onward` caches the path
    after one more code, `counter_cache` the counters of the last action by the bin of its duration, and `says` the
    ended clocks of the report update.
    """

    __slots__ = (
        *("_pack", "_values", "_words", "amended", "before", "codes", "counter_cache", "ended", "ends"),
        *("limits", "names", "onward", "open", "running", "says", "settled", "shortest"),
    )

    def __init__(
        self, codes: tuple[int, ...], plan: Timeline, names: Sequence[ClockCounterNames], before: "Path | None"
    ) -> None:
        actions = [place for place, code in enumerate(codes) if code >= FIRST_ACTION_CODE]
        ends = [
            End(clock, 0 if course.end is None else actions[course.end], course.ending)
            for clock, course in enumerate(plan.runs)
            if course.ending != IDLE
        ]
        self.codes = codes
        self.before = before
        self.amended = AMENDMENT_CODE in codes
        self.open = plan.state in OPEN_STATES
        self.ends = tuple(end for end in ends if end.ending != OPEN)
        self.ended = _news(before, self)
        self.running = tuple(end.clock for end in ends if end.ending == OPEN)
        self.names = names
        self.limits = tuple(sorted({names[clock].limit for clock in self.running} - {FOREVER_MS}))
        self.shortest = min([each.limit for each in names], default=FOREVER_MS)
        self.settled = not self.open and not self.running
        self.onward: dict[int, Path | None] = {}
        self.counter_cache: dict[int, CounterUpdates] = {}
        self.says: dict[int, tuple[EndedClock, ...]] = {}
        self._pack = number_layout(len(ends)).pack
        self._values = _picker([end.place for end in ends])
        self._words = status_bytes(plan.state, [(names[end.clock].total, end.ending) for end in ends])

    def at(self, entries: int) -> "Path":
        """Return the path of the first entries of this path; at least one."""
        path = self
        while path.before is not None and len(path.codes) > entries:
            path = path.before
        return path

    def signature(self, risk: int, values: Sequence[int]) -> bytes:
        """Return the stored profile of a report at risk from the bin `risk` on.

        `values` are its filing minute and then, for each later entry, the bin of its time since the filing.
        """
        return self._pack(risk, values[0] if self.open else CLOSED_MINUTE, *self._values(values)) + self._words


def _news(before: Path | None, after: Path) -> tuple[End, ...] | None:
    """Return what the last action ended, None if a clock that had ended before has not the same end any more."""
    known = () if before is None else before.ends
    if not set(known) <= set(after.ends):
        return None
    return tuple(end for end in after.ends if end not in known)


def _picker(places: Sequence[int]) -> Callable[[Sequence[int]], tuple[int, ...]]:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda values: tuple([values[place] for place in places])
