"""Decide what a deadline comes to for one report: docs/definitions.md §6."""

from typing import Final

from streams.domain.clocks.endings import EXPIRED, STOPPED

PENDING: Final = 0
MET: Final = 1
MISSED: Final = 2
RELEASED: Final = 3

DEADLINE_OUTCOMES: Final = {MET: "met", MISSED: "missed", RELEASED: "released"}
"""The name of each deadline outcome except PENDING, which is not counted."""


def decide_deadline(ending: int, duration: int, limit: int) -> int:
    """Return the deadline outcome of a clock that ended after `duration` milliseconds: met, missed or released."""
    if duration > limit or ending == EXPIRED:
        return MISSED
    return MET if ending == STOPPED else RELEASED


def has_passed(due_at: int, decided_through: int) -> bool:
    """Return whether the deadline `due_at` of an open clock has passed; both are instants in epoch milliseconds."""
    return due_at <= decided_through
