"""Patterns in when things are told.

Who tells of a report only when it has ended never tells late of an open one; who tells late for any other reason
sometimes does. By that the two are told apart: a fast platform's backdated reports look as if told at their ends.
"""

from collections.abc import Mapping
from typing import Final

from streams.domain.tripwires.bounds import least_share
from streams.domain.tripwires.seen import Found, Recent, Trait

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
