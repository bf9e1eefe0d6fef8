"""Count the reports of one platform and some filing days by the traits that integrity checks read."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from enum import IntEnum, auto
from typing import NamedTuple

from streams.domain.duration_bins import DAY, EDGES, HOUR, MINUTE, OVERFLOW_BIN
from streams.domain.vocabulary import Channel


class Zone(IntEnum):
    """The interval just below a limit, and its neighbours before and after."""

    BEFORE = auto()
    BELOW = auto()
    AFTER = auto()


class LimitNeighbourhood(NamedTuple):
    """Three neighbouring intervals near a limit, of which the second ends at the limit; bounds are duration bins."""

    before: int
    below: int
    limit: int
    after: int

    @property
    def neighbour_width_ratio(self) -> float:
        """The width of both neighbours together, divided by the width of the interval below the limit."""
        below = EDGES[self.limit] - EDGES[self.below]
        return (EDGES[self.after] - EDGES[self.before] - below) / below

    def zone_of(self, value: int) -> Zone | None:
        """Return the interval that contains a duration bin, None outside of all three."""
        if not self.before < value <= self.after:
            return None
        if value > self.limit:
            return Zone.AFTER
        return Zone.BELOW if value > self.below else Zone.BEFORE


def limit_neighbourhood(limit: int) -> LimitNeighbourhood | None:
    """Return the intervals near a limit (ms): each a 24th of the limit wide, but at least one minute, hour or day.

    Returns None for a limit that is too short or too long to have an interval on both sides.
    """
    step = MINUTE if limit <= 2 * HOUR else HOUR if limit <= 14 * DAY else DAY
    width = max(step, limit // 24 // step * step)
    bounds = [bisect_left(EDGES, at) for at in (limit - 2 * width, limit - width, limit, limit + width)]
    return LimitNeighbourhood(*bounds) if limit > 2 * width and bounds[-1] < OVERFLOW_BIN else None


class Trait(IntEnum):
    """A property for which reports are counted; a report has several. Integers, since they are fast dictionary keys."""

    FILED = auto()
    MISSING_LABELS = auto()
    """Filed without a severity, or with an unknown jurisdiction."""
    REJECTED = auto()
    REJECTED_AT_ONCE = auto()
    """Rejected within the first duration bin, 60 seconds."""
    ACKNOWLEDGED_ONLY = auto()
    """Still in the state `acknowledged`."""
    DECIDED = auto()
    ACTED = auto()
    ACTED_GRAVE = auto()
    """Finally restricted, where a label is not a sufficient answer."""
    PARTIAL_ONLY_GRAVE = auto()
    """Restricted in part only, where a label is not a sufficient answer."""
    ENDED_SLOWLY = auto()
    """Ended later than the allowance, so that its filing could have been logged before its end."""
    LOGGED_ONLY_AT_END = auto()
    """Ended slowly, and logged only at its end."""
    LOGGED_LATE = auto()
    LOGGED_LATE_AND_OPEN = auto()
    """Logged late, but before its end."""
    SLOW = auto()
    """Not ended after 12 hours, half of the standard limit."""
    SLOW_DROPPED = auto()
    """Slow, and then withdrawn, expired or merged."""
    FAST = auto()
    FAST_DROPPED = auto()
    DOWNGRADED = auto()


class ReportTraits(NamedTuple):
    """What one report adds to the counts: its traits, its stops near limits (clock hash and zone), and its decision.

    `decision_bin` is a duration bin, None for undecided reports and for decisions within 15 minutes.
    """

    traits: tuple[Trait, ...]
    stops_near_limits: tuple[tuple[bytes, Zone], ...] = ()
    decision_bin: int | None = None


class TraitCounts:
    """Counts of reports: by trait, by channel, by clock hash and zone of stops near limits, by bin of the decision."""

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
        """Add `by` reports that came through a channel; a negative number removes them."""
        for trait in report.traits:
            self.traits[trait] += by
        for place in report.stops_near_limits:
            self.stops_near_limits[place] += by
        if report.decision_bin is not None:
            self.decision_bins[report.decision_bin] += by
        self.channels[channel] += by

    def add(self, other: "TraitCounts") -> None:
        """Add the counts of another object."""
        self.traits.update(other.traits)
        self.channels.update(other.channels)
        self.stops_near_limits.update(other.stops_near_limits)
        self.decision_bins.update(other.decision_bins)


class CheckInput(NamedTuple):
    """The input of all integrity checks: the counts of a window of filing days, and of the baseline before it.

    `neighbourhoods`: the intervals near the limits of clocks, by clock hash. `is_declared_complete`: whether heartbeats
    declare that everything in these days is published.
    """

    now: TraitCounts
    before: TraitCounts
    neighbourhoods: Mapping[bytes, LimitNeighbourhood]
    is_declared_complete: bool


class CheckResult(NamedTuple):
    """The value that a check measured, and on how many reports; larger values are more suspicious."""

    reports: int
    value: float
