"""Report updates: what became of one report, namely that clocks ended or that deadlines passed.

A clock whose deadline had passed when the filing was logged gets no updates, so an import of old reports alerts nobody.
An update is made when a change is counted. A correction makes a further update, and the latest update of a clock
replaces earlier ones.
"""

from typing import NamedTuple

from streams.domain.clocks.deadlines import MISSED
from streams.domain.clocks.endings import FROZEN, IDLE, OPEN
from streams.domain.ledger.counters import ClockCounterNames, names_of
from streams.domain.reports.evaluation import Evaluation
from streams.domain.reports.measurement import ClockReading

_RUNNING_ENDINGS = frozenset({OPEN, FROZEN, IDLE})


class EndedClock(NamedTuple):
    """A clock that has ended: its ending and its deadline outcome, both numbers of `clocks.endings`."""

    clock: ClockCounterNames
    ending: int
    deadline_outcome: int


class ClocksEnded(NamedTuple):
    """Clocks of a report that one action ended, `at` an instant and after `duration` milliseconds each."""

    key: bytes
    filed_at: int
    at: int
    duration: int
    ended_clocks: tuple[EndedClock, ...]


class DeadlinesPassed(NamedTuple):
    """Clocks of a report whose deadlines passed `at` an instant while the clocks were open."""

    key: bytes
    filed_at: int
    at: int
    clocks: tuple[ClockCounterNames, ...]


ReportUpdate = ClocksEnded | DeadlinesPassed


class UpdateCollector:
    """Collects report updates until `drain`; `add` adds one. Callers add updates only if `is_wanted`."""

    __slots__ = ("_updates", "add", "is_wanted")

    def __init__(self, *, is_wanted: bool) -> None:
        self.is_wanted = is_wanted
        self._updates: list[ReportUpdate] = []
        self.add = self._updates.append

    def drain(self) -> list[ReportUpdate]:
        """Return and clear the collected updates, in the order in which they were added."""
        updates = self._updates.copy()
        self._updates.clear()
        return updates

    def on_change(self, key: bytes, before: Evaluation, after: Evaluation) -> None:
        """Add the updates that follow from the difference between two evaluations of a report."""
        old, new = before.measured, after.measured
        if new is None:
            return
        old_clocks = old.clocks if old is not None and old.clock_set is new.clock_set else [None] * len(new.clocks)
        ended: dict[tuple[int, int], list[EndedClock]] = {}
        missed: dict[int, list[ClockCounterNames]] = {}
        for clock, before_clock, after_clock in zip(names_of(new.clock_set), old_clocks, new.clocks, strict=True):
            if after_clock.was_logged_late:
                continue
            if after_clock.ending not in _RUNNING_ENDINGS and _reported_value(before_clock) != _reported_value(
                after_clock
            ):
                ended.setdefault((after_clock.at, after_clock.duration), []).append(
                    EndedClock(clock, after_clock.ending, after_clock.deadline_outcome)
                )
            elif (
                after_clock.deadline_outcome == MISSED
                and after_clock.ending in _RUNNING_ENDINGS
                and not _was_reported_missed(before_clock)
            ):
                missed.setdefault(after_clock.at, []).append(clock)
        filed_at = new.filing.at
        self._updates += [DeadlinesPassed(key, filed_at, at, tuple(clocks)) for at, clocks in sorted(missed.items())]
        self._updates += [ClocksEnded(key, filed_at, *when, tuple(clocks)) for when, clocks in sorted(ended.items())]


def _reported_value(reading: ClockReading | None) -> tuple[int, int] | None:
    """Return the ending and duration of a clock that were reported, None if no update is made for it."""
    return None if reading is None or reading.was_logged_late else (reading.ending, reading.duration)


def _was_reported_missed(reading: ClockReading | None) -> bool:
    return (
        reading is not None
        and not reading.was_logged_late
        and reading.deadline_outcome == MISSED
        and reading.ending in _RUNNING_ENDINGS
    )
