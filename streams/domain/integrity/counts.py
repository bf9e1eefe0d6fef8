"""What the reports of one platform and some filing days look like: the digest that every tripwire reads."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from enum import IntEnum, auto
from typing import NamedTuple

from streams.domain.duration_bins import DAY, EDGES, HOUR, MINUTE, TOP
from streams.domain.vocabulary import Channel


class Side(IntEnum):
    """In the stretch just below a limit, or in one of that one's neighbours."""

    BEFORE = auto()
    BELOW = auto()
    AFTER = auto()


class Stretch(NamedTuple):
    """Bins around a limit: three stretches, the second of which ends at it, by their bounds on the grid."""

    before: int
    below: int
    limit: int
    after: int

    @property
    def neighbours(self) -> float:
        """How many times as wide the neighbours are together as the stretch below the limit."""
        below = EDGES[self.limit] - EDGES[self.below]
        return (EDGES[self.after] - EDGES[self.before] - below) / below

    def side(self, value: int) -> Side | None:
        """Return where a bin lies, None for far away."""
        if not self.before < value <= self.after:
            return None
        if value > self.limit:
            return Side.AFTER
        return Side.BELOW if value > self.below else Side.BEFORE


def stretch(limit: int) -> Stretch | None:
    """Return the stretches around a limit, each a 24th of it wide or the least that the grid has there.

    None for a limit so short or so long that the grid has no neighbours on both sides.
    """
    step = MINUTE if limit <= 2 * HOUR else HOUR if limit <= 14 * DAY else DAY
    width = max(step, limit // 24 // step * step)
    bounds = [bisect_left(EDGES, at) for at in (limit - 2 * width, limit - width, limit, limit + width)]
    return Stretch(*bounds) if limit > 2 * width and bounds[-1] < TOP else None


class Trait(IntEnum):
    """What a report can be counted for; a report has several traits. Integers, since those are quick to look up."""

    FILED = auto()
    UNLABELLED = auto()
    """Filed without a severity, or under an unknown jurisdiction."""
    REJECTED = auto()
    REJECTED_AT_ONCE = auto()
    """Rejected within the first bin of the grid: 60 seconds."""
    LEFT = auto()
    """Acknowledged, and nothing since."""
    DECIDED = auto()
    ACTED = auto()
    ACTED_OR_MORE = auto()
    """Finally restricted, where a label cannot be the right answer."""
    LABELLED = auto()
    """Restricted in part and left at that, where a label cannot be the right answer."""
    SLOW_TO_END = auto()
    """Ended so late that it could have been told before."""
    ENDED_UNTOLD = auto()
    """Slow to end, and told only then."""
    TOLD_LATE = auto()
    TOLD_LATE_AND_OPEN = auto()
    """Told late, but before its end."""
    SLOW = auto()
    """Not ended when half of the limit had passed."""
    SLOW_DROPPED = auto()
    """Slow, and withdrawn, expired or merged since."""
    FAST = auto()
    FAST_DROPPED = auto()
    SOFTENED = auto()


class Glimpse(NamedTuple):
    """What one report adds: its traits, where its clocks stopped that stopped near their limits, when it was decided.

    `decided` is a bin of the grid, None where it took so little that every platform shares few bins.
    """

    traits: tuple[Trait, ...]
    near: tuple[tuple[bytes, Side], ...] = ()
    decided: int | None = None


class Seen:
    """Counts of reports: by trait, by channel, by where clocks (their marks) stopped near limits, by bin of the decision."""

    def __init__(self) -> None:
        self.traits: Counter[Trait] = Counter()
        self.channels: Counter[Channel] = Counter()
        self.near: Counter[tuple[bytes, Side]] = Counter()
        self.decided: Counter[int] = Counter()

    @property
    def filed(self) -> int:
        """How many reports were filed."""
        return self.traits[Trait.FILED]

    def count(self, glimpse: Glimpse, channel: Channel, by: int) -> None:
        """Count `by` reports that came through a channel; a negative number takes them out."""
        for trait in glimpse.traits:
            self.traits[trait] += by
        for place in glimpse.near:
            self.near[place] += by
        if glimpse.decided is not None:
            self.decided[glimpse.decided] += by
        self.channels[channel] += by

    def add(self, other: "Seen") -> None:
        """Count what another digest has counted."""
        self.traits.update(other.traits)
        self.channels.update(other.channels)
        self.near.update(other.near)
        self.decided.update(other.decided)


class Recent(NamedTuple):
    """What tripwires judge: a window of filing days, and the days before it to compare with.

    `stretches` are those around the limits of the clocks, by their marks. `promised` tells whether the platform has
    said by heartbeats that it told everything in them.
    """

    now: Seen
    before: Seen
    stretches: Mapping[bytes, Stretch]
    promised: bool


class Found(NamedTuple):
    """What a tripwire measured, and on how many reports; the larger the value, the more suspicious."""

    reports: int
    value: float
