"""Confidence bounds of shares and differences: the smallest value that the counts allow.

Bounds are three standard errors wide. Two would be enough for independent reports, but many reports may concern one
item and be decided together.
"""

from collections.abc import Mapping
from math import pi, sqrt
from typing import Final

from streams.domain.survival.interval import wilson
from streams.domain.vocabulary import Channel

STANDARD_ERRORS: Final = 3.0


def share_lower_bound(part: int, whole: int) -> float:
    """Return the lower Wilson bound of the share `part` / `whole`; 0 if `whole` is 0."""
    low = wilson(max(part, 0), max(part, whole, 0), STANDARD_ERRORS).low
    return 0.0 if low is None else low


def share_upper_bound(part: int, whole: int) -> float:
    """Return the upper Wilson bound of the share `part` / `whole`; 1 if `whole` is 0."""
    return 1.0 - share_lower_bound(whole - part, whole) if whole > 0 else 1.0


def share(part: int, whole: int) -> float:
    """Return `part` / `whole`, between 0 and 1; 0 if `whole` is 0.

    A count may be below 0 or above its whole while a board has read only some of the rows of a change.
    """
    return min(1.0, max(0.0, part / whole)) if whole > 0 else 0.0


def increase_lower_bound(now: tuple[int, int], before: tuple[int, int]) -> float:
    """Return the lower bound of a share's rise, at least 0; each share is given as a part and its whole."""
    if now[1] <= 0 or before[1] <= 0:
        return 0.0
    rise = share(*now) - share(*before)
    return max(0.0, rise - STANDARD_ERRORS * sqrt(sum(_variance(*part_and_whole) for part_and_whole in (now, before))))


def _variance(part: int, whole: int) -> float:
    return max(0.0, share(part, whole) * (1 - share(part, whole)) / whole)


def distance_lower_bound(now: Mapping[Channel, int], before: Mapping[Channel, int]) -> float:
    """Return the total variation distance of two distributions over channels, less twice what chance alone makes of it.

    Each argument is the number of reports by channel; the result is at least 0.
    """
    of_now, of_before = sum(now.values()), sum(before.values())
    if of_now <= 0 or of_before <= 0:
        return 0.0
    distance = chance = 0.0
    for channel in Channel:
        now_count, before_count = now.get(channel, 0), before.get(channel, 0)
        pooled = (now_count + before_count) / (of_now + of_before)
        distance += abs(now_count / of_now - before_count / of_before) / 2
        chance += sqrt(max(0.0, pooled * (1 - pooled)) * (1 / of_now + 1 / of_before) / (2 * pi))
    return max(0.0, distance - 2 * chance)
