"""All tripwires with their thresholds, and what they say of a platform."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from streams.domain.tripwires.ending import (
    acknowledged_only,
    notices_equal_actions,
    restricted_by_label,
    withdrawn_when_slow,
)
from streams.domain.tripwires.labelling import channel_shift, softened_labels, unlabelled_rising
from streams.domain.tripwires.seen import Found, Recent
from streams.domain.tripwires.telling import backdated_filings, published_on_close
from streams.domain.tripwires.timing import (
    NEAR_A_LIMIT,
    bunching_below_limit,
    constant_durations,
    instant_no_violation,
)


class Tripwire(NamedTuple):
    """One pattern: it is tripped when what `find` measures on at least `least` reports is above `threshold`.

    `meaning` says in a sentence what a tripped one means.
    """

    find: Callable[[Recent], Found]
    threshold: float
    least: int
    meaning: str

    @property
    def name(self) -> str:
        """Its name in metrics and alerts."""
        return self.find.__name__

    def ratio(self, recent: Recent) -> float | None:
        """Return what is measured as a ratio to the threshold, above 1 when tripped; None on too few reports."""
        found = self.find(recent)
        return found.value / self.threshold if found.reports >= self.least else None


TRIPWIRES: Final = (
    Tripwire(
        bunching_below_limit,
        3.0,
        NEAR_A_LIMIT,
        "Clocks stop at least three times as often just before a limit as just beside it.",
    ),
    Tripwire(
        instant_no_violation,
        0.5,
        50,
        "More than half of the rejections took no more than 60 seconds: nobody can have looked.",
    ),
    Tripwire(
        acknowledged_only,
        0.5,
        50,
        "More reports were acknowledged and then left, past the limit, than were decided.",
    ),
    Tripwire(
        softened_labels,
        0.1,
        100,
        "More than a tenth of the reports were made to look less grave after they had been filed.",
    ),
    Tripwire(
        published_on_close,
        0.2,
        50,
        "More than a fifth of the reports that took long were told only when they had ended: open ones may be hidden.",
    ),
    Tripwire(
        backdated_filings,
        0.1,
        100,
        "More than a tenth of the filings were told late although heartbeats had vouched for their completeness.",
    ),
    Tripwire(
        withdrawn_when_slow,
        0.25,
        50,
        "Slow reports are withdrawn, merged or left to expire far more often than fast ones.",
    ),
    Tripwire(
        restricted_by_label,
        0.3,
        50,
        "More than three in ten restrictions are labels, demotions or interim, and nothing final has followed.",
    ),
    Tripwire(
        channel_shift,
        0.15,
        200,
        "More than 15 in 100 reports have moved to other channels than before.",
    ),
    Tripwire(
        constant_durations,
        0.125,
        100,
        "Decisions take so equally long that they may be copied rather than measured.",
    ),
    Tripwire(
        notices_equal_actions,
        0.98,
        100,
        "Nearly every report that was told was restricted: what was not may never have been told.",
    ),
    Tripwire(
        unlabelled_rising,
        0.1,
        200,
        "The share of reports without a severity or a jurisdiction has risen by more than ten points.",
    ),
)
"""Every tripwire, in the order of docs/integrity-checks.md."""

NAMES: Final = tuple(tripwire.name for tripwire in TRIPWIRES)


def ratios(recent: Recent) -> Mapping[str, float]:
    """Return what every tripwire measures as a ratio to its threshold, those left out that have too few reports."""
    measured = {tripwire.name: tripwire.ratio(recent) for tripwire in TRIPWIRES}
    return {name: ratio for name, ratio in measured.items() if ratio is not None}
