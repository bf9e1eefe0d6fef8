"""Build the table of the reports at risk over time, from counts of reports by entry, exit and ending."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from streams.domain.duration_bins import EDGES, OVERFLOW_BIN

Cells = Mapping[tuple[int, int, int], int]
"""Number of reports by (entry bin, exit bin, ending). A report with entry `FROM_START` (-1) is at risk from 0."""

FROM_START: Final = -1
OPEN: Final = 0
STOPPED: Final = 1
"""The stop, for which a clock waits; greater numbers are competing endings."""

MAX_UNEXPOSED_SHARE: Final = 0.05


class Exposure(NamedTuple):
    """How much of a cohort can be observed.

    `n`: all reports. `events`: all declared endings of interest. `unexposed`: reports that ended (or were last seen) no
    later than they were logged, so they were never at risk. `delayed`: reports that entered the risk set late.
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
    def is_measurable(self) -> bool:
        """Whether any report was at risk, and at most 5 % of the reports were logged only after their end."""
        return self.unexposed < self.n and self.unexposed <= MAX_UNEXPOSED_SHARE * self.n


class TimePoint(NamedTuple):
    """A time at which reports left the risk set: `at` in milliseconds, the rest in reports.

    `at_risk` counts the reports that entered before `at` and left at `at` or later. `ended` counts all endings,
    `events` the endings of interest, `censored` the reports that are still open.
    """

    at: int
    at_risk: int
    ended: int
    events: int
    censored: int


class RiskTable(NamedTuple):
    """All points in order, the cohort's exposure, and when a report is first at risk (milliseconds)."""

    points: tuple[TimePoint, ...]
    exposure: Exposure
    first_entry: int


_CELL_ERROR: Final = f"expected a count >= 0 in a cell (entry -1 to {OVERFLOW_BIN}, exit 0 to {OVERFLOW_BIN}, ending >= 0), got {{count}} in {{cell}}"


class _Margins(NamedTuple):
    """Counts, by duration bin, of the reports that are at risk at some time, and how many reports never are."""

    from_start: int
    unexposed: int
    entering: list[int]
    ended: list[int]
    events: list[int]
    censored: list[int]


def _count_margins(cells: Cells, interest: int) -> _Margins:
    """Count every cell, in one loop without calls: a cohort may have thousands, and boards recompute many cohorts."""
    entering, ended, events, censored = [0] * OVERFLOW_BIN, [0] * OVERFLOW_BIN, [0] * OVERFLOW_BIN, [0] * OVERFLOW_BIN
    from_start = unexposed = 0
    for (entry, leaving, ending), count in cells.items():
        if count < 0 or ending < OPEN or not (FROM_START <= entry <= OVERFLOW_BIN and 0 <= leaving <= OVERFLOW_BIN):
            raise ValueError(_CELL_ERROR.format(count=count, cell=(entry, leaving, ending)))
        last = leaving if leaving < OVERFLOW_BIN else OVERFLOW_BIN - 1
        if entry == FROM_START:
            from_start += count
        elif entry < last:
            entering[entry] += count
        else:
            unexposed += count
            continue
        # Above the last edge, it is only known that the report was still waiting at this edge.
        if ending == OPEN or leaving == OVERFLOW_BIN:
            censored[last] += count
            continue
        ended[last] += count
        if ending == interest:
            events[last] += count
    return _Margins(from_start, unexposed, entering, ended, events, censored)


def build_risk_table(cells: Cells, interest: int = STOPPED) -> RiskTable:
    """Return the risk table of `cells` for the ending of interest.

    Raises ValueError for a cell outside of the duration bins or a negative count.
    """
    margins = _count_margins(cells, interest)
    exposure = Exposure(
        n=sum(cells.values()),
        events=sum(count for (_, _, ending), count in cells.items() if ending == interest),
        unexposed=margins.unexposed,
        delayed=sum(margins.entering),
    )
    return RiskTable(_time_points(margins), exposure, _first_entry(margins))


def _time_points(margins: _Margins) -> tuple[TimePoint, ...]:
    at_risk, _, *columns = margins
    points = []
    for at, entering, ended, events, censored in zip(EDGES, *columns, strict=True):
        if ended or censored:
            points.append(TimePoint(at, at_risk, ended, events, censored))
        # A report that enters at an edge is at risk after it, so the reports that leave at the edge are counted first.
        at_risk += entering - ended - censored
    return tuple(points)


def _first_entry(margins: _Margins) -> int:
    if margins.from_start:
        return 0
    return next((at for at, entering in zip(EDGES, margins.entering, strict=True) if entering), 0)
