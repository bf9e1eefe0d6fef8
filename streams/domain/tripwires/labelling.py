"""Patterns in what reports are called, and through which door they come."""

from streams.domain.tripwires.bounds import least_rise, least_share, least_shift
from streams.domain.tripwires.seen import Found, Recent, Trait


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
