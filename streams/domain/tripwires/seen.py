"""What the reports of one platform and some filing days look like: the digest that every tripwire reads."""

from collections import Counter
from collections.abc import Mapping
from enum import IntEnum, auto
from typing import NamedTuple

from streams.domain.tripwires.stretch import Side, Stretch
from streams.domain.vocabulary import Channel


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
