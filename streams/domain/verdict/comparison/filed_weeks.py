"""Sort the reports of two windows by window, stratum and filing week."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

from streams.domain.cohorts.cohort import SurvivalCell, survival_cell
from streams.domain.cohorts.profile import ClockValue
from streams.domain.duration_bins import DAY

EPOCH: Final = date(1970, 1, 1)
_MONDAY_OFFSET: Final = 3  # day 0, 1970-01-01, was a Thursday


class Stratum(NamedTuple):
    """Reports of one harm and channel; `*` stands for the rest of a channel, or of all."""

    harm: str
    channel: str


class Window(NamedTuple):
    """Filing weeks: the first, as weeks since 1970, and how many. Weeks begin on Monday, 00:00 UTC."""

    first_week: int
    weeks: int

    @property
    def end(self) -> int:
        """The first instant after the window (epoch ms)."""
        return ((self.first_week + self.weeks) * 7 - _MONDAY_OFFSET) * DAY

    @property
    def start(self) -> int:
        """The first instant of the window (epoch ms)."""
        return self.end - self.weeks * 7 * DAY

    @property
    def first_day(self) -> date:
        """The first day of the window, a Monday."""
        return EPOCH + timedelta(days=self.start // DAY)

    @property
    def last_day(self) -> date:
        """The last day of the window, a Sunday."""
        return EPOCH + timedelta(days=self.end // DAY - 1)

    def has(self, week: int) -> bool:
        """Return whether a week belongs to the window."""
        return self.first_week <= week < self.first_week + self.weeks


class FiledReports(NamedTuple):
    """So many reports that share filing day (days since 1970), stratum, entry bin and value of one clock."""

    day: int
    stratum: Stratum
    entry_bin: int
    value: ClockValue
    reports: int


Weeks = dict[int, Counter[SurvivalCell]]
"""The cells of reports by filing week."""
Strata = Mapping[Stratum, Weeks]
"""The reports of one window."""


def week_of(day: int) -> int:
    """Return the ISO week of a day, both counted from 1970."""
    return (day + _MONDAY_OFFSET) // 7


def reports_by_window(reports: Iterable[FiledReports], windows: Sequence[Window], watermark: int) -> tuple[Strata, ...]:
    """Return the reports of each window by stratum and week; open clocks are censored at `watermark` (epoch ms)."""
    found = tuple(defaultdict[Stratum, Weeks](lambda: defaultdict(Counter)) for _ in windows)
    for day, stratum, entry_bin, value, number in reports:
        week = week_of(day)
        for strata, window in zip(found, windows, strict=True):
            if window.has(week):
                cell = survival_cell(entry_bin, value, day, watermark)
                if cell is not None:
                    strata[stratum][week][cell] += number
    return found
