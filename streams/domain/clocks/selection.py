"""Regimes: the clocks that run together on a report, and what a sequence of its events means under them."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

from streams.domain.clocks.definition import Clock
from streams.domain.clocks.timeline import Plan, compile_plan
from streams.domain.duration_bins import FOREVER_MS
from streams.domain.events import AMENDMENT, FILING, FIRST_DEED
from streams.domain.labels import decode

_KEPT: Final = 20_000
"""How many sequences a regime remembers before it forgets them all; so many sets of labels are remembered, too."""


class Regime:
    """The clocks that run on some reports, in the order of their marks.

    What a sequence of codes means is compiled once and remembered as a plan.
    """

    def __init__(self, clocks: Iterable[Clock]) -> None:
        self.clocks = tuple(sorted(clocks, key=lambda clock: clock.mark))
        self.marks = tuple(clock.mark for clock in self.clocks)
        self._plans: dict[tuple[int, ...], Plan | None] = {}

    def compile(self, codes: Sequence[int], items: int = 1, decided: tuple[int, ...] = ()) -> Plan:
        """Return what the deeds of a report mean, by their codes; see `course.compile_plan`."""
        return compile_plan(self.clocks, tuple([code - FIRST_DEED for code in codes]), items, decided)

    def plan_of(self, codes: tuple[int, ...]) -> Plan | None:
        """Return the plan of a row with these codes (its filing, then actions and amendments), None for any other."""
        if codes not in self._plans:
            plain = codes[0] == FILING and all(code >= FIRST_DEED or code == AMENDMENT for code in codes[1:])
            if len(self._plans) >= _KEPT:
                self._plans.clear()
            self._plans[codes] = self.compile([code for code in codes if code >= FIRST_DEED]) if plain else None
        return self._plans[codes]


class Regimes:
    """Which regime a report stands under, by its labels and the instant of its filing: a function of the two."""

    def __init__(self, clocks: Iterable[Clock]) -> None:
        self.take(clocks)

    def take(self, clocks: Iterable[Clock]) -> None:
        """Go by these clocks from now on; nothing may have been read yet."""
        self._clocks = tuple(clocks)
        bounds = {bound for clock in self._clocks for window in clock.windows for bound in window}
        self._bounds = sorted(bounds - {0, FOREVER_MS})
        self._eras: list[dict[str, Regime]] = [{} for _ in range(len(self._bounds) + 1)]
        self._known: dict[tuple[Clock, ...], Regime] = {}

    def of(self, labels: str, filed: int) -> Regime:
        """Return the regime of a report with these labels, filed at that instant."""
        era = self._eras[bisect_right(self._bounds, filed) if self._bounds else 0]
        regime = era.get(labels)
        if regime is None:
            attributes = decode(labels)
            clocks = tuple([clock for clock in self._clocks if clock.runs(attributes, filed)])
            regime = self._known.get(clocks)
            if regime is None:
                regime = self._known[clocks] = Regime(clocks)
            if len(era) >= _KEPT:
                era.clear()
            era[labels] = regime
        return regime
