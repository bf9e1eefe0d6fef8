"""All tripwires with their thresholds, and what they say of a platform."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from streams.domain.integrity.confidence import least_rise, least_share, least_shift, most_share, share
from streams.domain.integrity.counts import Found, Recent, Side, Stretch, Trait


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


def acknowledged_only(recent: Recent) -> Found:
    """Return which share was acknowledged and then left, of those left so and those decided, at least."""
    traits = recent.now.traits
    count = traits[Trait.LEFT] + traits[Trait.DECIDED]
    return Found(count, least_share(traits[Trait.LEFT], count))


def withdrawn_when_slow(recent: Recent) -> Found:
    """Return how much larger the share of withdrawn, merged and expired is among slow reports than among fast ones, at least."""
    traits = recent.now.traits
    slow = least_share(traits[Trait.SLOW_DROPPED], traits[Trait.SLOW])
    fast = most_share(traits[Trait.FAST_DROPPED], traits[Trait.FAST])
    return Found(traits[Trait.SLOW], max(0.0, slow - fast))


def restricted_by_label(recent: Recent) -> Found:
    """Return which share of the restricted was restricted in part only, at least; where a label may do, nothing counts."""
    traits = recent.now.traits
    count = traits[Trait.LABELLED] + traits[Trait.ACTED_OR_MORE]
    return Found(count, least_share(traits[Trait.LABELLED], count))


def notices_equal_actions(recent: Recent) -> Found:
    """Return which share of all filings ended in a final restriction."""
    return Found(recent.now.filed, share(recent.now.traits[Trait.ACTED], recent.now.filed))


def softened_labels(recent: Recent) -> Found:
    """Return which share of the reports was made to look less grave after filing, at least."""
    return Found(recent.now.filed, least_share(recent.now.traits[Trait.SOFTENED], recent.now.filed))


def channel_shift(recent: Recent) -> Found:
    """Return by how much the shares of the channels have shifted against before, at least."""
    count = min(recent.now.filed, recent.before.filed)
    return Found(count, least_shift(recent.now.channels, recent.before.channels))


def unlabelled_rising(recent: Recent) -> Found:
    """Return by how much the share without a severity or a jurisdiction has risen against before, at least."""
    now, before = ((seen.traits[Trait.UNLABELLED], seen.filed) for seen in (recent.now, recent.before))
    return Found(min(now[1], before[1]), least_rise(now, before))


_HARDLY_ANY: Final = 0.05


def published_on_close(recent: Recent) -> Found:
    """Return which share of the reports that ended slowly was told only at their end, at least."""
    traits = recent.now.traits
    slow = traits[Trait.SLOW_TO_END]
    return Found(slow, least_share(traits[Trait.ENDED_UNTOLD], slow) if _waits_for_the_end(traits) else 0.0)


def backdated_filings(recent: Recent) -> Found:
    """Return which share of the filings was told late although heartbeats vouch for them, at least.

    Nothing is said without such a promise; who waits for the end of reports is left to `published_on_close`.
    """
    traits = recent.now.traits
    late = 0 if _waits_for_the_end(traits) else traits[Trait.TOLD_LATE]
    return Found(recent.now.filed if recent.promised else 0, least_share(late, recent.now.filed))


def _waits_for_the_end(traits: Mapping[Trait, int]) -> bool:
    """Return whether of what is told late hardly anything is open."""
    return traits[Trait.TOLD_LATE_AND_OPEN] <= _HARDLY_ANY * traits[Trait.TOLD_LATE]


NEAR_A_LIMIT: Final = 20
"""Stops around one limit below which nothing is said of it."""


def bunching_below_limit(recent: Recent) -> Found:
    """Return how many times as dense stops are just below a limit as beside it, at least; of all clocks the worst."""
    found = [_bunching(recent, mark, around) for mark, around in recent.stretches.items()]
    return max(found, key=lambda each: (each.reports >= NEAR_A_LIMIT, each.value), default=Found(0, 0.0))


def _bunching(recent: Recent, mark: bytes, around: Stretch) -> Found:
    below = recent.now.near[mark, Side.BELOW]
    count = below + recent.now.near[mark, Side.BEFORE] + recent.now.near[mark, Side.AFTER]
    part = least_share(below, count)
    return Found(count, part / (1 - part) * around.neighbours)


def instant_no_violation(recent: Recent) -> Found:
    """Return which share of the rejections took no more than 60 seconds, at least."""
    traits = recent.now.traits
    rejected = traits[Trait.REJECTED]
    return Found(rejected, least_share(traits[Trait.REJECTED_AT_ONCE], rejected))


def constant_durations(recent: Recent) -> Found:
    """Return how probable it is that two decisions took equally long, to the bin; those within minutes left out."""
    bins = recent.now.decided.values()
    count = sum(bins)
    pairs = sum(each * (each - 1) for each in bins)
    return Found(count, pairs / (count * (count - 1)) if count > 1 else 0.0)


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
