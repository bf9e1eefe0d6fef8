"""The paths that plain reports take: compiled once, then looked up."""

from typing import Final

from streams.domain.appraise import Appraiser
from streams.domain.clocks import Clock
from streams.domain.grid import EDGES
from streams.domain.path import Path

_PATHS_KEPT: Final = 100_000
_LIMITS: Final = frozenset({None, *EDGES})


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
