"""The twelve integrity checks with their thresholds: docs/integrity-checks.md."""

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
    """One check: it fails when `measure` finds a value above `threshold` on at least `min_reports` reports.

    `meaning` is a sentence that says what a failed check means.
    """

    measure: Callable[[CheckInput], CheckResult]
    threshold: float
    min_reports: int
    meaning: str

    @property
    def name(self) -> str:
        """The name of the check in metrics and alerts."""
        return self.measure.__name__

    def ratio(self, recent: CheckInput) -> float | None:
        """Return the measured value divided by the threshold, above 1 if the check fails; None on too few reports."""
        result = self.measure(recent)
        return result.value / self.threshold if result.reports >= self.min_reports else None


def acknowledged_only(recent: CheckInput) -> CheckResult:
    """Return the lower bound of the share of acknowledged reports among acknowledged and decided ones."""
    traits = recent.now.traits
    count = traits[Trait.ACKNOWLEDGED_ONLY] + traits[Trait.DECIDED]
    return CheckResult(count, share_lower_bound(traits[Trait.ACKNOWLEDGED_ONLY], count))


def withdrawn_when_slow(recent: CheckInput) -> CheckResult:
    """Return by how much the share of withdrawn, merged or expired reports is larger among slow than among fast ones.

    The result is the lower bound of the slow share less the upper bound of the fast share, at least 0.
    """
    traits = recent.now.traits
    slow = share_lower_bound(traits[Trait.SLOW_DROPPED], traits[Trait.SLOW])
    fast = share_upper_bound(traits[Trait.FAST_DROPPED], traits[Trait.FAST])
    return CheckResult(traits[Trait.SLOW], max(0.0, slow - fast))


def restricted_by_label(recent: CheckInput) -> CheckResult:
    """Return the lower bound of the share of partly restricted reports among restricted ones.

    Age-inappropriate items are left out, since a label may be the right answer to them.
    """
    traits = recent.now.traits
    count = traits[Trait.PARTIAL_ONLY_GRAVE] + traits[Trait.ACTED_GRAVE]
    return CheckResult(count, share_lower_bound(traits[Trait.PARTIAL_ONLY_GRAVE], count))


def nearly_all_reports_acted_on(recent: CheckInput) -> CheckResult:
    """Return the share of all filings that ended in a final restriction."""
    return CheckResult(recent.now.filed, share(recent.now.traits[Trait.ACTED], recent.now.filed))


def labels_downgraded(recent: CheckInput) -> CheckResult:
    """Return the lower bound of the share of downgraded reports."""
    return CheckResult(recent.now.filed, share_lower_bound(recent.now.traits[Trait.DOWNGRADED], recent.now.filed))


def channel_shift(recent: CheckInput) -> CheckResult:
    """Return the lower bound of the distance between the channels of the window and those of the baseline."""
    count = min(recent.now.filed, recent.before.filed)
    return CheckResult(count, distance_lower_bound(recent.now.channels, recent.before.channels))


def missing_labels_increase(recent: CheckInput) -> CheckResult:
    """Return the lower bound of the rise of the share of filings without a severity or a jurisdiction."""
    now, before = ((counts.traits[Trait.MISSING_LABELS], counts.filed) for counts in (recent.now, recent.before))
    return CheckResult(min(now[1], before[1]), increase_lower_bound(now, before))


_MAX_OPEN_SHARE: Final = 0.05


def published_on_close(recent: CheckInput) -> CheckResult:
    """Return the lower bound of the share of slowly ended reports that were logged only at their end."""
    traits = recent.now.traits
    slow = traits[Trait.ENDED_SLOWLY]
    return CheckResult(
        slow, share_lower_bound(traits[Trait.LOGGED_ONLY_AT_END], slow) if _logs_only_at_end(traits) else 0.0
    )


def backdated_filings(recent: CheckInput) -> CheckResult:
    """Return the lower bound of the share of filings that were logged late although heartbeats declare completeness.

    Without such a declaration there are no reports to check. A platform that publishes on close has the value 0, since
    `published_on_close` checks it.
    """
    traits = recent.now.traits
    late = 0 if _logs_only_at_end(traits) else traits[Trait.LOGGED_LATE]
    return CheckResult(
        recent.now.filed if recent.is_declared_complete else 0, share_lower_bound(late, recent.now.filed)
    )


def _logs_only_at_end(traits: Mapping[Trait, int]) -> bool:
    """Return whether hardly any report that was logged late was logged before its end."""
    return traits[Trait.LOGGED_LATE_AND_OPEN] <= _MAX_OPEN_SHARE * traits[Trait.LOGGED_LATE]


MIN_STOPS_NEAR_LIMIT: Final = 20
"""How many stops near a limit the check needs."""


def bunching_below_limit(recent: CheckInput) -> CheckResult:
    """Return the lower bound of how many times as dense stops are just below a limit as beside it.

    The result is that of the clock with the largest value.
    """
    results = [
        _measure_bunching(recent, clock_hash, neighbourhood)
        for clock_hash, neighbourhood in recent.neighbourhoods.items()
    ]
    return max(
        results, key=lambda result: (result.reports >= MIN_STOPS_NEAR_LIMIT, result.value), default=CheckResult(0, 0.0)
    )


def _measure_bunching(recent: CheckInput, clock_hash: bytes, neighbourhood: LimitNeighbourhood) -> CheckResult:
    below = recent.now.stops_near_limits[clock_hash, Zone.BELOW]
    count = (
        below
        + recent.now.stops_near_limits[clock_hash, Zone.BEFORE]
        + recent.now.stops_near_limits[clock_hash, Zone.AFTER]
    )
    part = share_lower_bound(below, count)
    return CheckResult(count, part / (1 - part) * neighbourhood.neighbour_width_ratio)


def instant_no_violation(recent: CheckInput) -> CheckResult:
    """Return the lower bound of the share of rejections that took no more than 60 seconds."""
    traits = recent.now.traits
    rejected = traits[Trait.REJECTED]
    return CheckResult(rejected, share_lower_bound(traits[Trait.REJECTED_AT_ONCE], rejected))


def constant_durations(recent: CheckInput) -> CheckResult:
    """Return the probability that two decisions have the same duration bin; decisions within 15 minutes are left out."""
    bins = recent.now.decision_bins.values()
    count = sum(bins)
    pairs = sum(reports * (reports - 1) for reports in bins)
    return CheckResult(count, pairs / (count * (count - 1)) if count > 1 else 0.0)


INTEGRITY_CHECKS: Final = (
    IntegrityCheck(
        bunching_below_limit,
        3.0,
        MIN_STOPS_NEAR_LIMIT,
        "Clocks stop more than three times as often just before a limit as in the intervals beside it.",
    ),
    IntegrityCheck(
        instant_no_violation,
        0.5,
        50,
        "More than half of the rejections took no more than 60 seconds, which is too short for a review.",
    ),
    IntegrityCheck(
        acknowledged_only,
        0.5,
        50,
        "More reports were acknowledged and then left undecided than were decided.",
    ),
    IntegrityCheck(
        labels_downgraded,
        0.1,
        100,
        "More than a tenth of the reports were given laxer labels after they had been filed.",
    ),
    IntegrityCheck(
        published_on_close,
        0.2,
        50,
        "More than a fifth of the reports that took long were logged only when they had ended: open reports may be hidden.",
    ),
    IntegrityCheck(
        backdated_filings,
        0.1,
        100,
        "More than a tenth of the filings were logged late although heartbeats had declared completeness.",
    ),
    IntegrityCheck(
        withdrawn_when_slow,
        0.25,
        50,
        "Slow reports are withdrawn, merged or expired far more often than fast ones.",
    ),
    IntegrityCheck(
        restricted_by_label,
        0.3,
        50,
        "More than three in ten restricted reports have only a label, a demotion or another restriction that is not final.",
    ),
    IntegrityCheck(
        channel_shift,
        0.15,
        200,
        "More than 15 in 100 reports come through other channels than before.",
    ),
    IntegrityCheck(
        constant_durations,
        0.125,
        100,
        "Decisions have so few different durations that their times may be copied and not measured.",
    ),
    IntegrityCheck(
        nearly_all_reports_acted_on,
        0.98,
        100,
        "Nearly every published report was restricted: other reports may not have been published.",
    ),
    IntegrityCheck(
        missing_labels_increase,
        0.1,
        200,
        "The share of reports without a severity or a jurisdiction has risen by more than ten percentage points.",
    ),
)
"""All integrity checks, in the order of docs/integrity-checks.md."""

CHECK_NAMES: Final = tuple(check.name for check in INTEGRITY_CHECKS)


def ratios(recent: CheckInput) -> Mapping[str, float]:
    """Return the ratio of each check by its name; checks with too few reports are left out."""
    measured = {check.name: check.ratio(recent) for check in INTEGRITY_CHECKS}
    return {name: ratio for name, ratio in measured.items() if ratio is not None}
