"""Count the reports of declared cells, as their cohorts change."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from streams.domain.clocks.definition import Clock
from streams.domain.cohorts.cohort import CohortKey
from streams.domain.cohorts.profile import ClockValue, ReportProfile
from streams.domain.verdict.comparison.filed_weeks import FiledReports, Stratum, week_of
from streams.domain.verdict.decision import DeclaredCell, Rule


class CellName(NamedTuple):
    """The reports that get one verdict: those of a platform, all of them ("") or those of one harm."""

    platform: str
    harm: str = ""

    @property
    def title(self) -> str:
        """The name for people, such as `harbor` or `harbor grooming`."""
        return f"{self.platform} {self.harm}".rstrip()


class _Filed(NamedTuple):
    """What the reports of one count share."""

    day: int
    stratum: Stratum
    entry_bin: int
    value: ClockValue


class DeclaredReports:
    """The reports of declared cells that were filed in the windows of a rule.

    `clocks` are the versions of every clock by its id; the reports of all versions count together.
    """

    def __init__(self, cells: Sequence[CellName], rule: Rule, clocks: Mapping[str, Sequence[Clock]]) -> None:
        self._cells, self._windows = cells, rule.windows
        self._platforms = {cell.platform for cell in cells}
        self._clock_ids = _clock_ids(rule, clocks)
        self._counts: defaultdict[tuple[str, str], Counter[_Filed]] = defaultdict(Counter)

    def has(self, key: CohortKey) -> bool:
        """Return whether the reports of a cohort can belong to a declared cell."""
        return key.platform in self._platforms and any(window.has(week_of(key.day)) for window in self._windows)

    def add(self, key: CohortKey, profile: ReportProfile, by: int) -> None:
        """Count that `by` reports more, or fewer, of a cohort that `has` accepts have this profile."""
        stratum = Stratum(key.labels.harm, key.labels.channel)
        for value in profile.clocks:
            clock = self._clock_ids.get(value.clock_hash)
            if clock is not None:
                self._counts[key.platform, clock][_Filed(key.day, stratum, profile.entry_bin, value)] += by

    def to_cells(self, complete_through: Callable[[str], int]) -> list[DeclaredCell]:
        """Return the declared cells in their order.

        `complete_through` returns the instant (epoch ms) up to which a platform is complete, 0 if it never said so.
        """
        clocks = set(self._clock_ids.values())
        return [
            DeclaredCell({clock: self._reports(cell, clock) for clock in clocks}, complete_through(cell.platform))
            for cell in self._cells
        ]

    def _reports(self, cell: CellName, clock: str) -> list[FiledReports]:
        return [
            FiledReports(*filed, count)
            for filed, count in self._counts[cell.platform, clock].items()
            if count and cell.harm in {"", filed.stratum.harm}
        ]


def _clock_ids(rule: Rule, clocks: Mapping[str, Sequence[Clock]]) -> dict[bytes, str]:
    """Return the ids of the clocks that a rule needs, by the hash of each of their versions."""
    needed = {rule.clock, *(guard.clock for guard in rule.guards.values())}
    return {version.hash: clock for clock in needed for version in clocks.get(clock, ())}
