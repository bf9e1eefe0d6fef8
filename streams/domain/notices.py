"""Notices about single reports: that clocks have ended, that limits have passed. Only what was live is told.

Live is what was told to us before the limit passed: importing a year of history says nothing about anybody's lateness.
A notice is made when the books are posted. What is corrected later is told once more, and the last word holds.
"""

from collections.abc import Iterable
from typing import NamedTuple

from streams.domain.appraise import Appraisal
from streams.domain.at_hand import Report
from streams.domain.endings import FROZEN, IDLE, MISSED, OPEN, PENDING, verdict_of
from streams.domain.grid import EDGES, FOREVER_MS, TOP
from streams.domain.measure import Timed
from streams.domain.memo import Memo
from streams.domain.names import Names
from streams.domain.path import Ended, Path

_RUNNING = frozenset({OPEN, FROZEN, IDLE})


class Response(NamedTuple):
    """Clocks of a report ended with one deed, at an instant, all of them after the same milliseconds."""

    key: bytes
    filed: int
    at: int
    duration: int
    ended: tuple[Ended, ...]


class Miss(NamedTuple):
    """The limits of clocks of a report passed at an instant, while the clocks ran."""

    key: bytes
    filed: int
    at: int
    clocks: tuple[Names, ...]


Notice = Response | Miss


class Notices:
    """Collects notices until they are taken; collects nothing unless they are `wanted`."""

    __slots__ = ("_found", "_memo", "wanted")

    def __init__(self, *, wanted: bool) -> None:
        self.wanted = wanted
        self._found: list[Notice] = []
        self._memo = Memo()

    def take(self) -> list[Notice]:
        """Return and forget what was collected, in the order in which it was posted."""
        found, self._found = self._found, []
        return found

    def ended(self, key: bytes, report: Report, path: Path, place: int, value: int) -> None:
        """Tell what an entry of a plain report, in the bin `value` after its filing, has ended; a path leads to it."""
        filed, at = report.entries[0], report.entries[place].at
        told = path.says.get(value)
        if told is None or filed.delay >= path.shortest:
            told = _told(path, value, filed.delay)
            if filed.delay < path.shortest:
                self._memo.put(path.says, value, told)
        if told:
            self._found.append(Response(key, filed.at, at, at - filed.at, told))

    def passed(self, key: bytes, report: Report, path: Path, since: int, horizon: int) -> None:
        """Tell which limits of a plain report on a path passed after `since`, up to the horizon."""
        filed = report.entries[0]
        for limit in path.limits:
            if since < filed.at + limit <= horizon and limit > filed.delay:
                clocks = [path.names[place] for place in path.running if path.names[place].limit == limit]
                self._found.append(Miss(key, filed.at, filed.at + limit, tuple(clocks)))

    def changed(self, key: bytes, before: Appraisal, after: Appraisal) -> None:
        """Tell what a report says now that it did not say before."""
        old, new = before.measured, after.measured
        if new is None:
            return
        known = old.clocks if old is not None and old.regime is new.regime else [None] * len(new.clocks)
        ended: dict[tuple[int, int], list[Ended]] = {}
        missed: dict[int, list[Names]] = {}
        for clock, was, now in zip(new.regime.names, known, new.clocks, strict=True):
            if now.late:
                continue
            if now.ending not in _RUNNING and _said(was) != _said(now):
                ended.setdefault((now.at, now.duration), []).append(Ended(clock, now.ending, now.verdict))
            elif now.verdict == MISSED and now.ending in _RUNNING and not _was_missed_running(was):
                missed.setdefault(now.at, []).append(clock)
        filed = new.filed.at
        self._found += [Miss(key, filed, at, tuple(clocks)) for at, clocks in sorted(missed.items())]
        self._found += [Response(key, filed, *when, tuple(clocks)) for when, clocks in sorted(ended.items())]


def _told(path: Path, value: int, delay: int) -> tuple[Ended, ...]:
    """Return what the last entry of a path has ended, but for clocks whose limit had passed when we were told."""
    longest, found = EDGES[value] if value < TOP else FOREVER_MS, []
    for end in path.ended or ():
        names = path.names[end.clock]
        if names.limit > delay:
            verdict = PENDING if names.limit == FOREVER_MS else verdict_of(end.ending, longest, names.limit)
            found.append(Ended(names, end.ending, verdict))
    return tuple(found)


def last_words(notices: Iterable[Notice]) -> dict[tuple[bytes, str], tuple[Ended, int] | int]:
    """Return, by report and clock, what a reader of notices knows in the end: how it ended, or when it was missed."""
    known: dict[tuple[bytes, str], tuple[Ended, int] | int] = {}
    for notice in notices:
        if isinstance(notice, Miss):
            known |= {(notice.key, clock.key): notice.at for clock in notice.clocks}
        else:
            known |= {(notice.key, ended.clock.key): (ended, notice.duration) for ended in notice.ended}
    return known


def _said(timed: Timed | None) -> tuple[int, int] | None:
    """Return what was told of a clock, None for one of which nothing is."""
    return None if timed is None or timed.late else (timed.ending, timed.duration)


def _was_missed_running(timed: Timed | None) -> bool:
    return timed is not None and not timed.late and timed.verdict == MISSED and timed.ending in _RUNNING
