"""The reports of one platform and one filing week, kept so that a change costs no more than itself.

Reports with nothing left to wait for are counted once and for all. Those that wait are kept by their signatures,
since their ages are those of the moment at which they are read.
"""

from collections.abc import Iterable, Sequence

from streams.domain.cohort import Signature, unpack
from streams.domain.course import OPEN
from streams.domain.figures import Sample
from streams.domain.grid import DAY, MINUTE

DAYS_PER_WEEK = 7


def week_of(day: int) -> int:
    """Return the number of the ISO week, Monday to Sunday UTC, of a day since 1970 (a Thursday)."""
    return (day + 3) // DAYS_PER_WEEK


def first_day(week: int) -> int:
    """Return the Monday, in days since 1970, of a week as `week_of` numbers it."""
    return week * DAYS_PER_WEEK - 3


class Pool:
    """What the cohorts of one platform and week add up to."""

    def __init__(self, clocks: int) -> None:
        self._clocks = clocks
        self._settled = Sample(clocks)
        self._waiting: dict[tuple[int, bytes], int] = {}

    def change(self, day: int, name: bytes, by: int) -> None:
        """Add `by` to what a cohort of `day` stores under `name`; the cohorts' sums must never fall below zero."""
        if len(name) == 1:
            self._settled.stop_sums[name[0]] += by
            return
        signature = unpack(name)
        if not _waits(signature):
            self._settled.count(day, signature, by, 0)
            return
        left = self._waiting.get((day, name), 0) + by
        if left:
            self._waiting[day, name] = left
        else:
            del self._waiting[day, name]

    def sample(self, through: int) -> Sample:
        """Return the reports as a sample of its own, those that wait at their ages at `through`."""
        sample = merged([self._settled], self._clocks)
        for (day, name), count in self._waiting.items():
            sample.count(day, unpack(name), count, through)
        return sample

    def overdue(self, limits: Sequence[int | None], through: int) -> list[int]:
        """Return for each clock how many reports it has been running on for longer than its limit at `through`."""
        late = [0] * self._clocks
        for (day, name), count in self._waiting.items():
            age_at_midnight = through - day * DAY
            for clock, (minute, ending) in enumerate(unpack(name).clocks):
                limit = limits[clock]
                if ending == OPEN and limit is not None and age_at_midnight - minute * MINUTE > limit:
                    late[clock] += count
        return late


def _waits(signature: Signature) -> bool:
    return signature.filed_minute is not None or any(ending == OPEN for _, ending in signature.clocks)


def merged(samples: Iterable[Sample], clocks: int) -> Sample:
    """Return the sample of all reports of `samples` together."""
    whole = Sample(clocks)
    for sample in samples:
        whole.states.update(sample.states)
        for clock in range(clocks):
            whole.cells[clock].update(sample.cells[clock])
            whole.stop_sums[clock] += sample.stop_sums[clock]
            whole.open_sums[clock] += sample.open_sums[clock]
        oldest = [instant for instant in (whole.oldest_open, sample.oldest_open) if instant is not None]
        whole.oldest_open = min(oldest, default=None)
    return whole
