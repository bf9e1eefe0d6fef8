"""Offsets of local times from UTC, and daylight saving changes; times in milliseconds, days since the epoch."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from streams.domain.duration_bins import DAY, HOUR, MINUTE

_HALF_HOUR_OFFSETS: Final = (210, 270, 330, 345, 390, 570, 630, 765)
UTC_OFFSETS_MS: Final = tuple(
    minutes * MINUTE for minutes in sorted({*range(60, 14 * 60 + 1, 60), *_HALF_HOUR_OFFSETS})
)
"""Distances of local times from UTC in both directions, by the IANA time zone database."""

_NEAR_MS: Final = 30 * MINUTE
_SLACK_MS: Final = MINUTE
_OUTLIER_ONE_IN: Final = 200
"""One value in so many may be an outlier."""

_EPOCH: Final = date(1970, 1, 1)
_SUNDAY: Final = 6


class OffsetShare(NamedTuple):
    """An offset and the share of values, 0 to 1, within half an hour of it; 0 if there is no offset."""

    offset: int
    share: float


NO_OFFSET: Final = OffsetShare(0, 0.0)


def largest_offset_below(values: Iterable[int]) -> OffsetShare:
    """Return the largest offset below all values but outliers, with the share of values close to it."""
    ordered = sorted(values)
    if not ordered:
        return NO_OFFSET
    index = bisect_right(UTC_OFFSETS_MS, ordered[len(ordered) // _OUTLIER_ONE_IN] + _SLACK_MS)
    if not index:
        return NO_OFFSET
    offset = UTC_OFFSETS_MS[index - 1]
    return OffsetShare(offset, _share_between(ordered, offset - _SLACK_MS, offset + _NEAR_MS))


def smallest_offset_above(values: Iterable[int]) -> OffsetShare:
    """Return the smallest offset above all values but outliers, with the share of values close to it."""
    ordered = sorted(values)
    if not ordered:
        return NO_OFFSET
    index = bisect_left(UTC_OFFSETS_MS, ordered[-1 - len(ordered) // _OUTLIER_ONE_IN] - _SLACK_MS)
    if index == len(UTC_OFFSETS_MS):
        return NO_OFFSET
    offset = UTC_OFFSETS_MS[index]
    return OffsetShare(offset, _share_between(ordered, offset - _NEAR_MS, offset + _SLACK_MS))


def _share_between(ordered: Sequence[int], low: int, high: int) -> float:
    return (bisect_right(ordered, high) - bisect_left(ordered, low)) / len(ordered)


class DaylightSavingRule(NamedTuple):
    """A daylight saving rule: `spring` and `autumn` are a month and which Sunday of it (0: the first, -1: the last).

    In spring the local hour `skipped` does not exist; `standard` are the offsets from UTC in winter, in minutes.
    """

    spring: tuple[int, int]
    autumn: tuple[int, int]
    skipped: int
    standard: range


DAYLIGHT_SAVING_RULES: Final = (
    DaylightSavingRule((3, -1), (10, -1), 1, range(1)),
    DaylightSavingRule((3, -1), (10, -1), 2, range(60, 61)),
    DaylightSavingRule((3, -1), (10, -1), 3, range(120, 121)),
    DaylightSavingRule((3, 1), (11, 0), 2, range(-600, -209, 30)),
    DaylightSavingRule((10, 0), (4, 0), 2, range(570, 601, 30)),
    DaylightSavingRule((9, -1), (4, 0), 2, range(720, 721)),
)
"""Europe's three zones, North America, southern Australia, New Zealand."""

_AMBIGUOUS_HOURS: Final = range(4)
"""The hours of the autumn night in which local times occur twice, over all rules, and one more hour."""


@lru_cache(maxsize=4096)
def skipped_hours(day: int) -> tuple[tuple[int, range], ...]:
    """Return the local hours that do not exist on a day, each with the winter offsets of its zones, in minutes."""
    return tuple((rule.skipped, rule.standard) for rule in DAYLIGHT_SAVING_RULES if _is_that_sunday(day, rule.spring))


@lru_cache(maxsize=4096)
def is_near_spring_change(day: int) -> bool:
    """Return whether a spring change of any rule is within a week of a day."""
    return any(skipped_hours(day + days) for days in range(-7, 8))


def is_in_ambiguous_night(at: int) -> bool:
    """Return whether an instant, read as local time, is in an autumn night in which an hour occurs twice."""
    day, time_of_day = divmod(at, DAY)
    return time_of_day // HOUR in _AMBIGUOUS_HOURS and any(
        _is_that_sunday(day, rule.autumn) for rule in DAYLIGHT_SAVING_RULES
    )


def _is_that_sunday(day: int, sunday: tuple[int, int]) -> bool:
    try:
        at = _EPOCH + timedelta(days=day)
        if at.weekday() != _SUNDAY or at.month != sunday[0]:
            return False
        return (at + timedelta(days=7)).month != at.month if sunday[1] < 0 else (at.day - 1) // 7 == sunday[1]
    except OverflowError:  # after the last year that a date can have
        return False


def format_offset(offset: int) -> str:
    """Return an offset as text, such as `5 h 30 min`."""
    whole, minutes = divmod(offset // MINUTE, 60)
    return f"{whole} h {minutes} min" if minutes else f"{whole} h"


def parse_offset_minutes(text: str) -> int:
    """Return the offset of an RFC 3339 timestamp in minutes; 0 for `Z`."""
    if text.endswith("Z"):
        return 0
    sign = -1 if text[-6] == "-" else 1
    return sign * (int(text[-5:-3]) * 60 + int(text[-2:]))
