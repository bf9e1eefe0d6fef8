"""Cache the paths of code sequences under one clock set."""

from typing import Final

from streams.domain.clocks.selection import ClockSet
from streams.domain.duration_bins import EDGES
from streams.domain.events import FILING_CODE
from streams.domain.ledger.counters import names_of
from streams.domain.ledger.fast_path.path import Path

_KEPT: Final = 20_000
"""How many sequences are cached under one clock set before the cache is emptied."""

_BIN_LIMITS: Final = frozenset({None, *EDGES})


class SequenceIndex:
    """The paths of simple reports under one clock set, each compiled once.

    `filed` is the path of a report that is only filed, None where no report is simple.
    """

    def __init__(self, regime: ClockSet) -> None:
        self._regime = regime
        self._names = names_of(regime)
        self._on_grid = all(clock.limit in _BIN_LIMITS for clock in regime.clocks)
        self._paths: dict[tuple[int, ...], Path | None] = {}
        self.filed = self.path_of((FILING_CODE,))

    def path_of(self, codes: tuple[int, ...]) -> Path | None:
        """Return the path of a simple report with these codes, None where no such report is simple."""
        if codes not in self._paths:
            if len(self._paths) >= _KEPT:
                self._forget()
            plan = self._regime.timeline_for(codes) if self._on_grid else None
            if plan is None or not all(course.is_uninterrupted for course in plan.runs):
                self._paths[codes] = None
            else:
                before = self.path_of(codes[:-1]) if len(codes) > 1 else None
                self._paths[codes] = Path(codes, plan, self._names, before)
        return self._paths[codes]

    def after(self, path: Path, code: int) -> Path | None:
        """Return the path after one more entry."""
        if code not in path.onward:
            path.onward[code] = self.path_of((*path.codes, code))
        return path.onward[code]

    def _forget(self) -> None:
        """Empty the cache; paths that reports hold stay valid."""
        for path in self._paths.values():
            if path is not None:
                path.onward.clear()
        self._paths = {(FILING_CODE,): self.filed}


class SequenceIndexes(dict[ClockSet, SequenceIndex]):
    """The index of every clock set, created when it is first needed."""

    def __missing__(self, regime: ClockSet) -> SequenceIndex:
        """Create the index of a clock set."""
        index = self[regime] = SequenceIndex(regime)
        return index
