"""Notices about single reports: that clocks have ended, that limits have passed. Only what was live is told.

Live is what was told to us before the limit passed: importing a year of history says nothing about anybody's lateness.
A notice is made when the books are posted. What is corrected later is told once more, and the last word holds.
"""

from typing import NamedTuple

from streams.domain.clocks.endings import FROZEN, IDLE, MISSED, OPEN
from streams.domain.ledger.counters import ClockCounterNames, names_of
from streams.domain.reports.evaluation import Appraisal
from streams.domain.reports.measurement import Timed

_RUNNING = frozenset({OPEN, FROZEN, IDLE})


class EndedClock(NamedTuple):
    """A clock that has ended, with which ending (see `endings`), with which verdict."""

    clock: ClockCounterNames
    ending: int
    verdict: int


class Response(NamedTuple):
    """Clocks of a report ended with one deed, at an instant, all of them after the same milliseconds."""

    key: bytes
    filed: int
    at: int
    duration: int
    ended: tuple[EndedClock, ...]


class Miss(NamedTuple):
    """The limits of clocks of a report passed at an instant, while the clocks ran."""

    key: bytes
    filed: int
    at: int
    clocks: tuple[ClockCounterNames, ...]


Notice = Response | Miss


class Notices:
    """Collects notices until they are taken; `add` takes one. Whoever makes them asks first whether they are `wanted`."""

    __slots__ = ("_found", "add", "wanted")

    def __init__(self, *, wanted: bool) -> None:
        self.wanted = wanted
        self._found: list[Notice] = []
        self.add = self._found.append

    def take(self) -> list[Notice]:
        """Return and forget what was collected, in the order in which it was posted."""
        found = self._found.copy()
        self._found.clear()
        return found

    def changed(self, key: bytes, before: Appraisal, after: Appraisal) -> None:
        """Tell what a report says now that it did not say before."""
        old, new = before.measured, after.measured
        if new is None:
            return
        known = old.clocks if old is not None and old.regime is new.regime else [None] * len(new.clocks)
        ended: dict[tuple[int, int], list[EndedClock]] = {}
        missed: dict[int, list[ClockCounterNames]] = {}
        for clock, was, now in zip(names_of(new.regime), known, new.clocks, strict=True):
            if now.late:
                continue
            if now.ending not in _RUNNING and _said(was) != _said(now):
                ended.setdefault((now.at, now.duration), []).append(EndedClock(clock, now.ending, now.verdict))
            elif now.verdict == MISSED and now.ending in _RUNNING and not _was_missed_running(was):
                missed.setdefault(now.at, []).append(clock)
        filed = new.filed.at
        self._found += [Miss(key, filed, at, tuple(clocks)) for at, clocks in sorted(missed.items())]
        self._found += [Response(key, filed, *when, tuple(clocks)) for when, clocks in sorted(ended.items())]


def _said(timed: Timed | None) -> tuple[int, int] | None:
    """Return what was told of a clock, None for one of which nothing is."""
    return None if timed is None or timed.late else (timed.ending, timed.duration)


def _was_missed_running(timed: Timed | None) -> bool:
    return timed is not None and not timed.late and timed.verdict == MISSED and timed.ending in _RUNNING
