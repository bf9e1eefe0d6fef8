"""Who was at risk when: counts of reports by entry, exit and ending, turned into one table over time."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from streams.domain.duration_bins import EDGES, TOP

Cells = Mapping[tuple[int, int, int], int]
"""Number of reports by (entry bin, exit bin, ending). Entry `FROM_START` (-1) is at risk from 0."""

FROM_START: Final = -1
OPEN: Final = 0
STOPPED: Final = 1
"""The ending that a clock waits for; whatever is greater competes with it."""

_MOST_UNEXPOSED: Final = 0.05


class Exposure(NamedTuple):
    """How much of a cohort can be observed at all.

    `events` are all declared endings of interest. `unexposed` reports ended (or were last seen) no later than they
    were told, so nobody could have seen them wait; `delayed` ones entered the risk set late.
    """

    n: int
    events: int
    unexposed: int
    delayed: int

    @property
    def from_start(self) -> int:
        """Reports at risk from time 0."""
        return self.n - self.unexposed - self.delayed

    @property
    def measurable(self) -> bool:
        """Whether anybody was at risk, and at most 5 % of the reports were told only when it was over."""
        return self.unexposed < self.n and self.unexposed <= _MOST_UNEXPOSED * self.n


class Moment(NamedTuple):
    """A time at which reports left the risk set: `at` in milliseconds, the rest in reports.

    `at_risk` counts everybody who entered before `at` and left at `at` or later. `ended` counts every ending,
    `events` the one of interest, `censored` those still open.
    """

    at: int
    at_risk: int
    ended: int
    events: int
    censored: int


class RiskTable(NamedTuple):
    """Every moment in order, what the cohort exposes, and when somebody is first at risk (milliseconds)."""

    moments: tuple[Moment, ...]
    exposure: Exposure
    first_entry: int


_REFUSAL: Final = (
    f"expected a count >= 0 in a cell (entry -1 to {TOP}, exit 0 to {TOP}, ending >= 0), got {{count}} in {{cell}}"
)


class _Margins(NamedTuple):
    """Counts along the grid of the reports that are ever at risk, and how many never were."""

    from_start: int
    unexposed: int
    entering: list[int]
    ended: list[int]
    events: list[int]
    censored: list[int]


def _margins(cells: Cells, interest: int) -> _Margins:
    """Read every cell, in one loop without calls: a cohort may have thousands, and boards recompute many."""
    entering, ended, events, censored = [0] * TOP, [0] * TOP, [0] * TOP, [0] * TOP
    from_start = unexposed = 0
    for (entry, leaving, ending), count in cells.items():
        if count < 0 or ending < OPEN or not (FROM_START <= entry <= TOP and 0 <= leaving <= TOP):
            raise ValueError(_REFUSAL.format(count=count, cell=(entry, leaving, ending)))
        last = leaving if leaving < TOP else TOP - 1
        if entry == FROM_START:
            from_start += count
        elif entry < last:
            entering[entry] += count
        else:
            unexposed += count
            continue
        # Beyond the grid only this is known: still waiting at its last edge.
        if ending == OPEN or leaving == TOP:
            censored[last] += count
            continue
        ended[last] += count
        if ending == interest:
            events[last] += count
    return _Margins(from_start, unexposed, entering, ended, events, censored)


def tally(cells: Cells, interest: int = STOPPED) -> RiskTable:
    """Return the risk table of `cells` for the ending of interest.

    Raises ValueError for a cell off the grid or a negative count.
    """
    margins = _margins(cells, interest)
    exposure = Exposure(
        n=sum(cells.values()),
        events=sum(count for (_, _, ending), count in cells.items() if ending == interest),
        unexposed=margins.unexposed,
        delayed=sum(margins.entering),
    )
    return RiskTable(_moments(margins), exposure, _first_entry(margins))


def _moments(margins: _Margins) -> tuple[Moment, ...]:
    at_risk, _, *columns = margins
    moments = []
    for at, entering, ended, events, censored in zip(EDGES, *columns, strict=True):
        if ended or censored:
            moments.append(Moment(at, at_risk, ended, events, censored))
        # Who enters at an edge is at risk after it, so the reports that leave there go first.
        at_risk += entering - ended - censored
    return tuple(moments)


def _first_entry(margins: _Margins) -> int:
    if margins.from_start:
        return 0
    return next((at for at, entering in zip(EDGES, margins.entering, strict=True) if entering), 0)
