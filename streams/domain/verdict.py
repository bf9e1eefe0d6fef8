"""Verdicts on a report under a clock with a limit: docs/definitions.md §6."""

from typing import Final

from streams.domain.course import EXPIRED, STOPPED

PENDING: Final = 0
MET: Final = 1
MISSED: Final = 2
RELEASED: Final = 3


def verdict_of(ending: int, duration: int, limit: int) -> int:
    """Return the verdict on a clock that ended after `duration`."""
    if duration > limit or ending == EXPIRED:
        return MISSED
    return MET if ending == STOPPED else RELEASED
