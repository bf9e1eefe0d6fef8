"""All tripwires with their thresholds, and what they say of a platform."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from streams.domain.integrity.confidence import (
    distance_lower_bound,
    increase_lower_bound,
    share,
    share_lower_bound,
    share_upper_bound,
)
from streams.domain.integrity.counts import CheckInput, CheckResult, LimitNeighbourhood, Trait, Zone


class IntegrityCheck(NamedTuple):
    """One pattern: it is tripped when what `find` measures on at least `least` reports is above `threshold`.

    `meaning` says in a sentence what a tripped one means.
    """

    measure: Callable[[CheckInput], CheckResult]
    threshold: float
    min_reports: int
    meaning: str

    @property
    def name(self) -> str:
        """Its name in metrics and alerts."""
        return self.measure.__name__

    def ratio(self, recent: CheckInput) -> float | None:
        """Return what is measured as a ratio to the threshold, above 1 when tripped; None on too few reports."""
        found = self.measure(recent)
        return found.value / self.threshold if found.reports >= self.min_reports else None


def acknowledged_only(recent: CheckInput) -> CheckResult:
    """Return which share was acknowledged and then left, of those left so and those decided, at least."""
    traits = recent.now.traits
    count = traits[Trait.ACKNOWLEDGED_ONLY] + traits[Trait.DECIDED]
    return CheckResult(count, share_lower_bound(traits[Trait.ACKNOWLEDGED_ONLY], count))


def withdrawn_when_slow(recent: CheckInput) -> CheckResult:
    """Return how much larger the share of withdrawn, merged and expired is among slow reports than among fast ones, at least."""
    traits = recent.now.traits
    slow = share_lower_bound(traits[Trait.SLOW_DROPPED], traits[Trait.SLOW])
    fast = share_upper_bound(traits[Trait.FAST_DROPPED], traits[Trait.FAST])
    return CheckResult(traits[Trait.SLOW], max(0.0, slow - fast))


def restricted_by_label(recent: CheckInput) -> CheckResult:
    """Return which share of the restricted was restricted in part only, at least; where a label may do, nothing counts."""
    traits = recent.now.traits
    count = traits[Trait.PARTIAL_ONLY_GRAVE] + traits[Trait.ACTED_GRAVE]
    return CheckResult(count, share_lower_bound(traits[Trait.PARTIAL_ONLY_GRAVE], count))


def nearly_all_reports_acted_on(recent: CheckInput) -> CheckResult:
    """Return which share of all filings ended in a final restriction."""
    return CheckResult(recent.now.filed, share(recent.now.traits[Trait.ACTED], recent.now.filed))


def labels_downgraded(recent: CheckInput) -> CheckResult:
    """Return which share of the reports was made to look less grave after filing, at least."""
    return CheckResult(recent.now.filed, share_lower_bound(recent.now.traits[Trait.DOWNGRADED], recent.now.filed))


def channel_shift(recent: CheckInput) -> CheckResult:
    """Return by how much the shares of the channels have shifted against before, at least."""
    count = min(recent.now.filed, recent.before.filed)
    return CheckResult(count, distance_lower_bound(recent.now.channels, recent.before.channels))


def missing_labels_increase(recent: CheckInput) -> CheckResult:
    """Return by how much the share without a severity or a jurisdiction has risen against before, at least."""
    now, before = ((seen.traits[Trait.MISSING_LABELS], seen.filed) for seen in (recent.now, recent.before))
    return CheckResult(min(now[1], before[1]), increase_lower_bound(now, before))


_MAX_OPEN_SHARE: Final = 0.05


def published_on_close(recent: CheckInput) -> CheckResult:
    """Return which share of the reports that ended slowly was told only at their end, at least."""
    traits = recent.now.traits
    slow = traits[Trait.ENDED_SLOWLY]
    return CheckResult(
        slow, share_lower_bound(traits[Trait.LOGGED_ONLY_AT_END], slow) if _logs_only_at_end(traits) else 0.0
    )


def backdated_filings(recent: CheckInput) -> CheckResult:
    """Return which share of the filings was told late although heartbeats vouch for them, at least.

    Nothing is said without such a promise; who waits for the end of reports is left to `published_on_close`.
    """
    traits = recent.now.traits
    late = 0 if _logs_only_at_end(traits) else traits[Trait.LOGGED_LATE]
    return CheckResult(
        recent.now.filed if recent.is_declared_complete else 0, share_lower_bound(late, recent.now.filed)
    )


def _logs_only_at_end(traits: Mapping[Trait, int]) -> bool:
    """Return whether of what is told late hardly anything is open."""
    return traits[Trait.LOGGED_LATE_AND_OPEN] <= _MAX_OPEN_SHARE * traits[Trait.LOGGED_LATE]


MIN_STOPS_NEAR_LIMIT: Final = 20
"""Stops around one limit below which nothing is said of it."""


def bunching_below_limit(recent: CheckInput) -> CheckResult:
    """Return how many times as dense stops are just below a limit as beside it, at least; of all clocks the worst."""
    found = [_measure_bunching(recent, mark, around) for mark, around in recent.neighbourhoods.items()]
    return max(found, key=lambda each: (each.reports >= MIN_STOPS_NEAR_LIMIT, each.value), default=CheckResult(0, 0.0))


def _measure_bunching(recent: CheckInput, mark: bytes, neighbourhood: LimitNeighbourhood) -> CheckResult:
    below = recent.now.stops_near_limits[mark, Zone.BELOW]
    count = below + recent.now.stops_near_limits[mark, Zone.BEFORE] + recent.now.stops_near_limits[mark, Zone.AFTER]
    part = share_lower_bound(below, count)
    return CheckResult(count, part / (1 - part) * neighbourhood.neighbour_width_ratio)


def instant_no_violation(recent: CheckInput) -> CheckResult:
    """Return which share of the rejections took no more than 60 seconds, at least."""
    traits = recent.now.traits
    rejected = traits[Trait.REJECTED]
    return CheckResult(rejected, share_lower_bound(traits[Trait.REJECTED_AT_ONCE], rejected))


def constant_durations(recent: CheckInput) -> CheckResult:
    """Return how probable it is that two decisions took equally long, to the bin; those within minutes left out."""
    bins = recent.now.decision_bins.values()
    count = sum(bins)
    pairs = sum(each * (each - 1) for each in bins)
    return CheckResult(count, pairs / (count * (count - 1)) if count > 1 else 0.0)


INTEGRITY_CHECKS: Final = (
    IntegrityCheck(
        bunching_below_limit,
        3.0,
        MIN_STOPS_NEAR_LIMIT,
        "Clocks stop at least three times as often just before a limit as just beside it.",
    ),
    IntegrityCheck(
        instant_no_violation,
        0.5,
        50,
        "More than half of the rejections took no more than 60 seconds: nobody can have looked.",
    ),
    IntegrityCheck(
        acknowledged_only,
        0.5,
        50,
        "More reports were acknowledged and then left, past the limit, than were decided.",
    ),
    IntegrityCheck(
        labels_downgraded,
        0.1,
        100,
        "More than a tenth of the reports were made to look less grave after they had been filed.",
    ),
    IntegrityCheck(
        published_on_close,
        0.2,
        50,
        "More than a fifth of the reports that took long were told only when they had ended: open ones may be hidden.",
    ),
    IntegrityCheck(
        backdated_filings,
        0.1,
        100,
        "More than a tenth of the filings were told late although heartbeats had vouched for their completeness.",
    ),
    IntegrityCheck(
        withdrawn_when_slow,
        0.25,
        50,
        "Slow reports are withdrawn, merged or left to expire far more often than fast ones.",
    ),
    IntegrityCheck(
        restricted_by_label,
        0.3,
        50,
        "More than three in ten restrictions are labels, demotions or interim, and nothing final has followed.",
    ),
    IntegrityCheck(
        channel_shift,
        0.15,
        200,
        "More than 15 in 100 reports have moved to other channels than before.",
    ),
    IntegrityCheck(
        constant_durations,
        0.125,
        100,
        "Decisions take so equally long that they may be copied rather than measured.",
    ),
    IntegrityCheck(
        nearly_all_reports_acted_on,
        0.98,
        100,
        "Nearly every report that was told was restricted: what was not may never have been told.",
    ),
    IntegrityCheck(
        missing_labels_increase,
        0.1,
        200,
        "The share of reports without a severity or a jurisdiction has risen by more than ten points.",
    ),
)
"""Every tripwire, in the order of docs/integrity-checks.md."""

CHECK_NAMES: Final = tuple(tripwire.name for tripwire in INTEGRITY_CHECKS)


def ratios(recent: CheckInput) -> Mapping[str, float]:
    """Return what every tripwire measures as a ratio to its threshold, those left out that have too few reports."""
    measured = {tripwire.name: tripwire.ratio(recent) for tripwire in INTEGRITY_CHECKS}
    return {name: ratio for name, ratio in measured.items() if ratio is not None}
