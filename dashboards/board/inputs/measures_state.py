"""Adds up the measures of all partitions: the last value of every key counts, in any order of keys.

When a cohort's value changes, the difference is added to the accumulator of its platform and week. Changes are
applied on request, so that a cohort that changes often is applied once. Changes also wait for the status, which is
the last record of every commit: a commit may move reports between profiles, and half of it would be wrong.
"""

from collections.abc import Callable, Collection, Container, Iterator, Mapping
from itertools import islice

from dashboards.board.inputs.accumulator import CohortAccumulator, iso_week
from dashboards.board.inputs.periods import PeriodAccumulators
from dashboards.board.inputs.platform_counters import PlatformCounters
from streams.contract.outputs.measures import (
    CLOCK_PREFIX,
    COHORT_PREFIX,
    COUNTERS_PREFIX,
    DECLARATION_PREFIX,
    STATUS_KEY,
    DeclarationRecord,
    PartitionStatus,
    decode_clock,
    decode_cohort,
    decode_declaration,
    decode_partition_status,
)
from streams.domain.clocks.definition import Clock
from streams.domain.clocks.standard import STANDARD_CLOCKS
from streams.domain.cohorts.cohort import CohortKey, parse_key
from streams.domain.cohorts.objectives import DayRange
from streams.domain.duration_bins import FOREVER_MS
from streams.domain.integrity.classifier import ReportClassifier
from streams.domain.integrity.window import DailyCounts

_EMPTY: Mapping[bytes, int] = {}


ChangeHandler = Callable[[CohortKey, bytes, int], None]
"""Called with every change of a number that a cohort stores under a name."""


class UnknownMeasureError(Exception):
    """`measures` holds a key that this board does not know, since a newer worker wrote it."""


class MeasuresState:
    """The sum of all partitions' measures.

    `received_at` is when each status was received, by `now`, in epoch milliseconds. `clocks` are those that any
    partition has ever loaded, by their keys. Applied cohorts are in `accumulators_by_week` (by platform and week), in
    `periods` (by selected period) and in `daily_counts` (for integrity checks); `on_change` is called with every change.
    `declarations` are those that workers have recorded, by SHA-256.
    """

    def __init__(
        self,
        daily_counts: DailyCounts | None = None,
        now: Callable[[], int] = lambda: FOREVER_MS,
        on_change: ChangeHandler | None = None,
    ) -> None:
        self.daily_counts = daily_counts or DailyCounts(lambda _: ReportClassifier(STANDARD_CLOCKS))
        self.platform_counters = PlatformCounters()
        self.statuses: dict[int, PartitionStatus] = {}
        self.received_at: dict[int, int] = {}
        self.clocks: dict[str, Clock] = {}
        self.declarations: dict[str, DeclarationRecord] = {}
        self.accumulators_by_week: dict[str, dict[int, CohortAccumulator]] = {}
        self.periods = PeriodAccumulators()
        self._now = now
        self._on_change = on_change
        self._cohorts: dict[tuple[int, bytes], bytes] = {}
        self._incomplete_commits: dict[int, dict[tuple[int, bytes], bytes | None]] = {}
        self._pending: dict[tuple[int, bytes], bytes | None] = {}

    def apply_record(self, partition: int, key: bytes, value: bytes | None) -> None:
        """Store one record of `measures`; the value None removes its key.

        Raises UnknownMeasureError for a key that is not in the contract.
        """
        if key.startswith(COHORT_PREFIX):
            self._incomplete_commits.setdefault(partition, {})[partition, key] = value
        elif key.startswith(COUNTERS_PREFIX):
            self.platform_counters.set_counters(partition, key[len(COUNTERS_PREFIX) :].decode(), value)
        elif key.startswith(CLOCK_PREFIX) and value is not None:
            self.clocks[key[len(CLOCK_PREFIX) :].decode()] = decode_clock(value).clock
        elif key.startswith(DECLARATION_PREFIX) and value is not None:
            self.declarations[key[len(DECLARATION_PREFIX) :].decode()] = decode_declaration(value)
        elif key == STATUS_KEY and value is not None:
            self.statuses[partition], self.received_at[partition] = decode_partition_status(value), self._now()
            self._pending.update(self._incomplete_commits.pop(partition, {}))
        else:
            raise UnknownMeasureError(
                f"partition {partition}: expected a cohort, counters, a clock, a declaration or a status, got {key[:2]!r}"
            )

    @property
    def pending_count(self) -> int:
        """How many changed cohorts `apply_pending` would apply; commits that are not fully read are left out."""
        return len(self._pending)

    def apply_pending(self, limit: int | None = None) -> None:
        """Apply the changes of at most `limit` cohorts to the accumulators; None applies all."""
        for row_key in list(islice(self._pending, limit)):
            new, old = self._pending.pop(row_key), self._cohorts.pop(row_key, None)
            if new is not None:
                self._cohorts[row_key] = new
            self._apply_cohort_change(row_key[1], old, new)

    def cohorts(self, platforms: Container[str] | None = None) -> Iterator[tuple[str, Mapping[bytes, int]]]:
        """Yield the stored cohorts of every partition, of `platforms` or of all; call `apply_pending` first."""
        for (_, key), value in self._cohorts.items():
            stored = key[len(COHORT_PREFIX) :].decode()
            if platforms is None or stored.partition("|")[0] in platforms:
                yield stored, decode_cohort(value)

    def select_periods(self, periods: Collection[DayRange]) -> None:
        """Keep accumulators for exactly these periods of filing days."""
        if missing := self.periods.select(periods):
            days = {day for period in missing for day in range(period.first, period.last + 1)}
            self.periods.fill_periods(missing, self._cohorts_filed_on(days))

    def _cohorts_filed_on(self, days: Container[int]) -> Iterator[tuple[CohortKey, Mapping[bytes, int]]]:
        for (_, stored), value in self._cohorts.items():
            key = parse_key(stored[len(COHORT_PREFIX) :].decode())
            if key.day in days:
                yield key, decode_cohort(value)

    def _apply_cohort_change(self, key: bytes, old: bytes | None, new: bytes | None) -> None:
        cohort = parse_key(key[len(COHORT_PREFIX) :].decode())
        weeks = self.accumulators_by_week.setdefault(cohort.platform, {})
        week = iso_week(cohort.day)
        accumulator = weeks.get(week)
        if accumulator is None:
            accumulator = weeks[week] = CohortAccumulator()
        before = _EMPTY if old is None else decode_cohort(old)
        after = _EMPTY if new is None else decode_cohort(new)
        for name in before.keys() | after.keys():
            change = after.get(name, 0) - before.get(name, 0)
            if change:
                accumulator.add(cohort, name, change)
                self.periods.add(cohort, name, change)
                self.daily_counts.add(cohort, name, change)
                if self._on_change is not None:
                    self._on_change(cohort, name, change)
