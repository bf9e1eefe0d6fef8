"""Every partition's measures, added up: the last value of every key counts, in whatever order they came.

A changed row of a cohort takes its former value out of the pool of its platform and week and puts the new one in.
Folding waits until somebody asks, so that a row that changed often meanwhile is folded once. It also waits for the
status, which is the last record of every commit: a commit may move reports from one part of a cohort to another.
"""

from collections.abc import Callable, Collection, Container, Iterator, Mapping
from itertools import islice

from dashboards.board.counts import Counts
from dashboards.board.pool import Pool, week_of
from dashboards.board.spans import Spans
from streams.contract.measures import (
    CLOCK,
    COHORT,
    COUNTERS,
    STATUS_KEY,
    Status,
    decode_cohort,
    decode_enrolled,
    decode_status,
)
from streams.domain.clocks import Clock
from streams.domain.cohort import CohortKey, key_of
from streams.domain.grid import FOREVER_MS
from streams.domain.objective import Span
from streams.domain.standard import STANDARD
from streams.domain.tripwires.days import Days
from streams.domain.tripwires.lens import Lens

_NOTHING: Mapping[bytes, int] = {}


class UnknownMeasureError(Exception):
    """A key on `measures` that this board does not know: it was written by a newer worker."""


class Sums:
    """What all partitions say together.

    `heard` is when each status was heard by `wall`, in epoch milliseconds. `clocks` are those that any partition has
    ever loaded, by their keys; `pools` (by platform and week), `spans` (by
    the spans of days that are wanted) and `days` (for tripwires) hold what has been folded.
    """

    def __init__(self, days: Days | None = None, wall: Callable[[], int] = lambda: FOREVER_MS) -> None:
        self.days = days or Days(lambda _: Lens(STANDARD))
        self.counts = Counts()
        self.statuses: dict[int, Status] = {}
        self.heard: dict[int, int] = {}
        self.clocks: dict[str, Clock] = {}
        self.pools: dict[str, dict[int, Pool]] = {}
        self.spans = Spans()
        self._wall = wall
        self._cohorts: dict[tuple[int, bytes], bytes] = {}
        self._unfinished: dict[int, dict[tuple[int, bytes], bytes | None]] = {}
        self._unfolded: dict[tuple[int, bytes], bytes | None] = {}

    def take(self, partition: int, key: bytes, value: bytes | None) -> None:
        """Keep what a partition tells under a key; None says that the key is gone.

        Raises UnknownMeasureError for a key that is none of the contract.
        """
        if key.startswith(COHORT):
            self._unfinished.setdefault(partition, {})[partition, key] = value
        elif key.startswith(COUNTERS):
            self.counts.take(partition, key[len(COUNTERS) :].decode(), value)
        elif key.startswith(CLOCK) and value is not None:
            self.clocks[key[len(CLOCK) :].decode()] = decode_enrolled(value).clock
        elif key == STATUS_KEY and value is not None:
            self.statuses[partition], self.heard[partition] = decode_status(value), self._wall()
            self._unfolded.update(self._unfinished.pop(partition, {}))
        else:
            raise UnknownMeasureError(
                f"partition {partition}: expected a cohort, counters, a clock or a status, got {key[:2]!r}"
            )

    @property
    def unfolded(self) -> int:
        """How many changed rows of cohorts wait to be folded; those of a commit that is not read whole yet do not."""
        return len(self._unfolded)

    def fold(self, most: int | None = None) -> None:
        """Fold changed rows of cohorts into their pools, at most so many."""
        for place in list(islice(self._unfolded, most)):
            new, old = self._unfolded.pop(place), self._cohorts.pop(place, None)
            if new is not None:
                self._cohorts[place] = new
            self._fold(place[1], old, new)

    def cohorts(self, platforms: Container[str] | None = None) -> Iterator[tuple[str, Mapping[bytes, int]]]:
        """Yield every partition's cohorts of some platforms, or of all, in the rows in which they are stored; fold first."""
        for (_, key), value in self._cohorts.items():
            stored = key[len(COHORT) :].decode()
            if platforms is None or stored.partition("|")[0] in platforms:
                yield stored, decode_cohort(value)

    def hold(self, wanted: Collection[Span]) -> None:
        """Hold these spans of filing days and no others."""
        if missing := self.spans.missing(wanted):
            days = {day for span in missing for day in range(span.first, span.last + 1)}
            self.spans.fill(missing, self._filed_on(days))

    def _filed_on(self, days: Container[int]) -> Iterator[tuple[CohortKey, Mapping[bytes, int]]]:
        for (_, stored), value in self._cohorts.items():
            key = key_of(stored[len(COHORT) :].decode())
            if key.day in days:
                yield key, decode_cohort(value)

    def _fold(self, key: bytes, old: bytes | None, new: bytes | None) -> None:
        cohort = key_of(key[len(COHORT) :].decode())
        weeks = self.pools.setdefault(cohort.platform, {})
        week = week_of(cohort.day)
        pool = weeks.get(week)
        if pool is None:
            pool = weeks[week] = Pool()
        before = _NOTHING if old is None else decode_cohort(old)
        after = _NOTHING if new is None else decode_cohort(new)
        for name in before.keys() | after.keys():
            change = after.get(name, 0) - before.get(name, 0)
            if change:
                pool.change(cohort, name, change)
                self.spans.change(cohort, name, change)
                self.days.change(cohort, name, change)
