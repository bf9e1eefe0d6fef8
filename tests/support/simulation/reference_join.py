"""What the peers compute: each report with its first action, a histogram of the time to it, how many came late.

A small part of what the ledger does, and all that stands in a stream processor's introduction. Duplicates and any
order are handled alike by all of them: of a report's filings and of its actions the earliest counts.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from streams.domain.duration_bins import DAY
from streams.domain.ledger.counters import DURATION_BUCKETS

FILED: Final = "safeclock.report-filed.v1"
ACTED: Final = "safeclock.action-taken.v1"


def bucket_of(duration_ms: int) -> int:
    """Return the bucket of a duration."""
    return bisect_left(DURATION_BUCKETS, duration_ms)


def is_overdue(duration_ms: int) -> bool:
    """Return whether a first action came after more than a day."""
    return duration_ms > DAY


@dataclass
class JoinTotals:
    """Reports filed, reports acted on, those by bucket of the time to it, and how many of them came late."""

    filed: int = 0
    acted: int = 0
    histogram: dict[int, int] = field(default_factory=dict)
    overdue: int = 0

    def add_filing(self) -> None:
        """Count a report's first filing."""
        self.filed += 1

    def add_action(self, duration_ms: int, weight: int = 1) -> None:
        """Count a report's time to its first action, or with -1 take it back."""
        place = bucket_of(duration_ms)
        self.acted += weight
        self.histogram[place] = self.histogram.get(place, 0) + weight
        self.overdue += weight * is_overdue(duration_ms)

    def as_json(self) -> dict[str, object]:
        """Return what another process can compare: buckets in order, empty ones left out."""
        filled = sorted((place, count) for place, count in self.histogram.items() if count)
        return {
            "filed": self.filed,
            "acted": self.acted,
            "histogram": [list(f) for f in filled],
            "overdue": self.overdue,
        }


Times = tuple[int | None, int | None]
"""What is kept of a report: when it was filed and when first acted on, in epoch milliseconds."""


def merge_times(known: Times, kind: str, at: int) -> Times | None:
    """Return a report's times after an event of type `kind` at `at`; None if nothing changes."""
    filed, acted = known
    if kind == FILED and (filed is None or at < filed):
        return at, acted
    if kind == ACTED and (acted is None or at < acted):
        return filed, at
    return None


def add_event(totals: JoinTotals, known: Times, kind: str, at: int) -> Times | None:
    """Do as `merge_times` does, counted in `totals`."""
    after = merge_times(known, kind, at)
    if after is None:
        return None
    if known[0] is None and kind == FILED:
        totals.add_filing()
    _replace_group(totals, known, after)
    return after


UNANSWERED: Final = "open"


def group_of(times: Times) -> str | None:
    """Return what a report is counted under: the bucket of its time to the first action, or `OPEN`; None if unfiled."""
    filed, acted = times
    if filed is None:
        return None
    return UNANSWERED if acted is None else str(bucket_of(acted - filed))


def totals_of_groups(groups: Mapping[str, int]) -> dict[str, object]:
    """Return totals, as JSON, from the number of reports in each group."""
    histogram = {int(group): count for group, count in groups.items() if group != UNANSWERED}
    acted = sum(histogram.values())
    late = sum(count for place, count in histogram.items() if place > bucket_of(DAY))
    return JoinTotals(groups.get(UNANSWERED, 0) + acted, acted, histogram, late).as_json()


def _replace_group(totals: JoinTotals, before: Times, after: Times) -> None:
    for (filed, acted), sign in ((before, -1), (after, 1)):
        if filed is not None and acted is not None:
            totals.add_action(acted - filed, sign)
