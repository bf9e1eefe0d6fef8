"""Select the clock set of a report, and cache the timelines of its action sequences."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

from streams.domain.clocks.definition import Clock
from streams.domain.clocks.timeline import Timeline, compile_timeline
from streams.domain.duration_bins import FOREVER_MS
from streams.domain.events import AMENDMENT_CODE, FILING_CODE, FIRST_ACTION_CODE
from streams.domain.labels import decode_labels

_MAX_CACHED: Final = 20_000
"""How many timelines a clock set caches, and a period sets of labels, before the cache is emptied."""


class ClockSet:
    """The clocks that run together on a report, in the order of their hashes.

    The timeline of each sequence of entry codes is compiled once and cached.
    """

    def __init__(self, clocks: Iterable[Clock]) -> None:
        self.clocks = tuple(sorted(clocks, key=lambda clock: clock.hash))
        self.hashes = tuple(clock.hash for clock in self.clocks)
        self._timelines: dict[tuple[int, ...], Timeline | None] = {}

    def compile_timeline(self, codes: Sequence[int], items: int = 1, items_decided: tuple[int, ...] = ()) -> Timeline:
        """Return the timeline of a report's actions, given by their entry codes; see `timeline.compile_timeline`."""
        return compile_timeline(self.clocks, tuple([code - FIRST_ACTION_CODE for code in codes]), items, items_decided)

    def timeline_for(self, codes: tuple[int, ...]) -> Timeline | None:
        """Return the cached timeline of a row with these entry codes.

        The codes must be those of a filing and then of actions and amendments; for others the result is None.
        """
        if codes not in self._timelines:
            is_simple = codes[0] == FILING_CODE and all(
                code >= FIRST_ACTION_CODE or code == AMENDMENT_CODE for code in codes[1:]
            )
            if len(self._timelines) >= _MAX_CACHED:
                self._timelines.clear()
            self._timelines[codes] = (
                self.compile_timeline([code for code in codes if code >= FIRST_ACTION_CODE]) if is_simple else None
            )
        return self._timelines[codes]


class ClockSelector:
    """Finds the clock set of a report from its labels and the instant of its filing."""

    def __init__(self, clocks: Iterable[Clock]) -> None:
        self.load(clocks)

    def load(self, clocks: Iterable[Clock]) -> None:
        """Select from these clocks from now on; call this before any report is evaluated."""
        self._clocks = tuple(clocks)
        bounds = {bound for clock in self._clocks for window in clock.validity for bound in window}
        self._bounds = sorted(bounds - {0, FOREVER_MS})
        self._sets_by_period: list[dict[str, ClockSet]] = [{} for _ in range(len(self._bounds) + 1)]
        self._sets_by_clocks: dict[tuple[Clock, ...], ClockSet] = {}

    def clocks_for(self, labels: str, filed_at: int) -> ClockSet:
        """Return the clock set of a report with these encoded labels, filed at `filed_at` (epoch ms)."""
        sets = self._sets_by_period[bisect_right(self._bounds, filed_at) if self._bounds else 0]
        clock_set = sets.get(labels)
        if clock_set is None:
            decoded = decode_labels(labels)
            clocks = tuple([clock for clock in self._clocks if clock.applies_to(decoded, filed_at)])
            clock_set = self._sets_by_clocks.get(clocks)
            if clock_set is None:
                clock_set = self._sets_by_clocks[clocks] = ClockSet(clocks)
            if len(sets) >= _MAX_CACHED:
                sets.clear()
            sets[labels] = clock_set
        return clock_set
