"""Patterns in how long things take."""

from typing import Final

from streams.domain.tripwires.bounds import least_share
from streams.domain.tripwires.seen import Found, Recent, Trait
from streams.domain.tripwires.stretch import Side, Stretch

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
