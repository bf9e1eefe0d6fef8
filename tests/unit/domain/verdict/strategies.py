"""Reports of two windows, so many in every week that each stratum can be estimated."""

from collections.abc import Sequence
from typing import Final

from hypothesis import strategies as st

from streams.domain.clocks.endings import COMPETING_ENDINGS, FROZEN, OPEN, STOPPED
from streams.domain.cohorts.profile import ClockValue
from streams.domain.duration_bins import DAY, HOUR, bin_of
from streams.domain.survival import FROM_START
from streams.domain.verdict.comparison.estimand import Estimand, Kind
from streams.domain.verdict.comparison.filed_weeks import FiledReports, Stratum, Window
from streams.domain.vocabulary import Outcome

BASELINE: Final = Window(2_900, 13)
CURRENT: Final = Window(2_913, 13)
WINDOWS: Final = (BASELINE, CURRENT)
COMPLETE_THROUGH: Final = CURRENT.end + 30 * DAY
ESTIMANDS: Final = (
    Estimand(Kind.MEAN_WAIT, 48 * HOUR),
    Estimand(Kind.SHARE, DAY),
    Estimand(Kind.SHARE, 28 * DAY),
)
REJECTED: Final = COMPETING_ENDINGS[Outcome.NO_VIOLATION]

_WAITS: Final = st.sampled_from([bin_of(hours * HOUR) for hours in (1, 3, 7, 12, 20, 24, 30, 40, 48, 70, 700)])
_ENTRIES: Final = st.sampled_from([FROM_START] * 8 + [bin_of(HOUR), bin_of(6 * HOUR)])


def first_day(week: int) -> int:
    """Return the Monday of a week, in days since 1970."""
    return week * 7 - 3


@st.composite
def reports_of_week(draw: st.DrawFn, week: int, stratum: Stratum) -> list[FiledReports]:
    """Draw the reports of one week: some ended as of interest, some otherwise, some open."""
    day = first_day(week) + draw(st.integers(0, 6))
    counts = st.integers(1, 9)
    found = [FiledReports(day, stratum, FROM_START, ClockValue(b"", draw(_WAITS), STOPPED), draw(counts) + 2)]
    for ending in draw(st.lists(st.sampled_from([STOPPED, REJECTED, FROZEN, OPEN]), max_size=4)):
        value = draw(st.integers(0, 1_439)) if ending == OPEN else draw(_WAITS)
        found.append(FiledReports(day, stratum, draw(_ENTRIES), ClockValue(b"", value, ending), draw(counts)))
    return found


@st.composite
def reports_of_windows(
    draw: st.DrawFn, strata: Sequence[Stratum] = (Stratum("grooming", "in_app"), Stratum("bullying", "web_form"))
) -> list[FiledReports]:
    """Draw the reports of both windows in some strata."""
    return [
        report
        for window in WINDOWS
        for week in range(window.first_week, window.first_week + window.weeks)
        for stratum in strata
        for report in draw(reports_of_week(week, stratum))
    ]
