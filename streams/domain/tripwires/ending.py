"""Patterns in how reports end."""

from streams.domain.tripwires.bounds import least_share, most_share, share
from streams.domain.tripwires.seen import Found, Recent, Trait


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
