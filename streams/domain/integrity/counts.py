"""What the reports of one platform and some filing days look like: the digest that every tripwire reads."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from enum import IntEnum, auto
from typing import NamedTuple

from streams.domain.duration_bins import DAY, EDGES, HOUR, MINUTE, OVERFLOW_BIN
from streams.domain.vocabulary import Channel


class Zone(IntEnum):
    """In the stretch just below a limit, or in one of that one's neighbours."""

    BEFORE = auto()
    BELOW = auto()
    AFTER = auto()


class LimitNeighbourhood(NamedTuple):
    """Bins around a limit: three stretches, the second of which ends at it, by their bounds on the grid."""

    before: int
    below: int
    limit: int
    after: int

    @property
    def neighbour_width_ratio(self) -> float:
        """How many times as wide the neighbours are together as the stretch below the limit."""
        below = EDGES[self.limit] - EDGES[self.below]
        return (EDGES[self.after] - EDGES[self.before] - below) / below

    def zone_of(self, value: int) -> Zone | None:
        """Return where a bin lies, None for far away."""
        if not self.before < value <= self.after:
            return None
        if value > self.limit:
            return Zone.AFTER
        return Zone.BELOW if value > self.below else Zone.BEFORE


def limit_neighbourhood(limit: int) -> LimitNeighbourhood | None:
    """Return the stretches around a limit, each a 24th of it wide or the least that the grid has there.

    None for a limit so short or so long that the grid has no neighbours on both sides.
    """
    step = MINUTE if limit <= 2 * HOUR else HOUR if limit <= 14 * DAY else DAY
    width = max(step, limit // 24 // step * step)
    bounds = [bisect_left(EDGES, at) for at in (limit - 2 * width, limit - width, limit, limit + width)]
    return LimitNeighbourhood(*bounds) if limit > 2 * width and bounds[-1] < OVERFLOW_BIN else None


class Trait(IntEnum):
    """What a report can be counted for; a report has several traits. Integers, since those are quick to look up."""

    FILED = auto()
    MISSING_LABELS = auto()
    """Filed without a severity, or under an unknown jurisdiction."""
    REJECTED = auto()
    REJECTED_AT_ONCE = auto()
    """Rejected within the first bin of the grid: 60 seconds."""
    ACKNOWLEDGED_ONLY = auto()
    """Acknowledged, and nothing since."""
    DECIDED = auto()
    ACTED = auto()
    ACTED_GRAVE = auto()
    """Finally restricted, where a label cannot be the right answer."""
    PARTIAL_ONLY_GRAVE = auto()
    """Restricted in part and left at that, where a label cannot be the right answer."""
    ENDED_SLOWLY = auto()
    """Ended so late that it could have been told before."""
    LOGGED_ONLY_AT_END = auto()
    """Slow to end, and told only then."""
    LOGGED_LATE = auto()
    LOGGED_LATE_AND_OPEN = auto()
    """Told late, but before its end."""
    SLOW = auto()
    """Not ended when half of the limit had passed."""
    SLOW_DROPPED = auto()
    """Slow, and withdrawn, expired or merged since."""
    FAST = auto()
    FAST_DROPPED = auto()
    DOWNGRADED = auto()


class ReportTraits(NamedTuple):
    """What one report adds: its traits, where its clocks stopped that stopped near their limits, when it was decided.

    `decided` is a bin of the grid, None where it took so little that every platform shares few bins.
    """

    traits: tuple[Trait, ...]
    stops_near_limits: tuple[tuple[bytes, Zone], ...] = ()
    decision_bin: int | None = None


class TraitCounts:
    """Counts of reports: by trait, by channel, by where clocks (their marks) stopped near limits, by bin of the decision."""

    def __init__(self) -> None:
        self.traits: Counter[Trait] = Counter()
        self.channels: Counter[Channel] = Counter()
        self.stops_near_limits: Counter[tuple[bytes, Zone]] = Counter()
        self.decision_bins: Counter[int] = Counter()

    @property
    def filed(self) -> int:
        """How many reports were filed."""
        return self.traits[Trait.FILED]

    def count(self, report: ReportTraits, channel: Channel, by: int) -> None:
        """Count `by` reports that came through a channel; a negative number takes them out."""
        for trait in report.traits:
            self.traits[trait] += by
        for place in report.stops_near_limits:
            self.stops_near_limits[place] += by
        if report.decision_bin is not None:
            self.decision_bins[report.decision_bin] += by
        self.channels[channel] += by

    def add(self, other: "TraitCounts") -> None:
        """Count what another digest has counted."""
        self.traits.update(other.traits)
        self.channels.update(other.channels)
        self.stops_near_limits.update(other.stops_near_limits)
        self.decision_bins.update(other.decision_bins)


class CheckInput(NamedTuple):
    """What tripwires judge: a window of filing days, and the days before it to compare with.

    `stretches` are those around the limits of the clocks, by their marks. `promised` tells whether the platform has
    said by heartbeats that it told everything in them.
    """

    now: TraitCounts
    before: TraitCounts
    neighbourhoods: Mapping[bytes, LimitNeighbourhood]
    is_declared_complete: bool


class CheckResult(NamedTuple):
    """What a tripwire measured, and on how many reports; the larger the value, the more suspicious."""

    reports: int
    value: float
