"""Notices about single reports: that clocks have ended, that limits have passed. Only what was live is told.

Live is what was told to us before the limit passed: importing a year of history says nothing about anybody's lateness.
A notice is made when the books are posted. What is corrected later is told once more, and the last word holds.
"""

from typing import NamedTuple

from streams.domain.clocks.endings import FROZEN, IDLE, MISSED, OPEN
from streams.domain.ledger.counters import ClockCounterNames, names_of
from streams.domain.reports.evaluation import Evaluation
from streams.domain.reports.measurement import ClockReading

_RUNNING_ENDINGS = frozenset({OPEN, FROZEN, IDLE})


class EndedClock(NamedTuple):
    """A clock that has ended, with which ending (see `endings`), with which verdict."""

    clock: ClockCounterNames
    ending: int
    deadline_outcome: int


class ClocksEnded(NamedTuple):
    """Clocks of a report ended with one deed, at an instant, all of them after the same milliseconds."""

    key: bytes
    filed_at: int
    at: int
    duration: int
    ended_clocks: tuple[EndedClock, ...]


class DeadlinesPassed(NamedTuple):
    """The limits of clocks of a report passed at an instant, while the clocks ran."""

    key: bytes
    filed_at: int
    at: int
    clocks: tuple[ClockCounterNames, ...]


ReportUpdate = ClocksEnded | DeadlinesPassed


class UpdateCollector:
    """Collects notices until they are taken; `add` takes one. Whoever makes them asks first whether they are `wanted`."""

    __slots__ = ("_updates", "add", "is_wanted")

    def __init__(self, *, is_wanted: bool) -> None:
        self.is_wanted = is_wanted
        self._updates: list[ReportUpdate] = []
        self.add = self._updates.append

    def drain(self) -> list[ReportUpdate]:
        """Return and forget what was collected, in the order in which it was posted."""
        found = self._updates.copy()
        self._updates.clear()
        return found

    def on_change(self, key: bytes, before: Evaluation, after: Evaluation) -> None:
        """Tell what a report says now that it did not say before."""
        old, new = before.measured, after.measured
        if new is None:
            return
        known = old.clocks if old is not None and old.clock_set is new.clock_set else [None] * len(new.clocks)
        ended: dict[tuple[int, int], list[EndedClock]] = {}
        missed: dict[int, list[ClockCounterNames]] = {}
        for clock, was, now in zip(names_of(new.clock_set), known, new.clocks, strict=True):
            if now.was_logged_late:
                continue
            if now.ending not in _RUNNING_ENDINGS and _reported_value(was) != _reported_value(now):
                ended.setdefault((now.at, now.duration), []).append(EndedClock(clock, now.ending, now.deadline_outcome))
            elif now.deadline_outcome == MISSED and now.ending in _RUNNING_ENDINGS and not _was_reported_missed(was):
                missed.setdefault(now.at, []).append(clock)
        filed = new.filing.at
        self._updates += [DeadlinesPassed(key, filed, at, tuple(clocks)) for at, clocks in sorted(missed.items())]
        self._updates += [ClocksEnded(key, filed, *when, tuple(clocks)) for when, clocks in sorted(ended.items())]


def _reported_value(reading: ClockReading | None) -> tuple[int, int] | None:
    """Return what was told of a clock, None for one of which nothing is."""
    return None if reading is None or reading.was_logged_late else (reading.ending, reading.duration)


def _was_reported_missed(reading: ClockReading | None) -> bool:
    return (
        reading is not None
        and not reading.was_logged_late
        and reading.deadline_outcome == MISSED
        and reading.ending in _RUNNING_ENDINGS
    )
