"""What a ledger goes by, and how its rows become bytes: both given from outside."""

from collections.abc import Mapping
from typing import Final, NamedTuple, Protocol

from streams.domain.clocks.clock_history import LoadedClock
from streams.domain.clocks.definition import Clock
from streams.domain.clocks.standard import STANDARD_CLOCKS
from streams.domain.duration_bins import DAY, MINUTE, SECOND
from streams.domain.reports.row import ReportRow

DEFAULT_CAPACITY: Final = 2_000_000
"""How many reports of a platform a partition remembers where the registry says nothing else."""

_MIN_ALLOWANCE: Final = 15 * MINUTE
"""A filing told within this time is always in time: no publisher is faster than its outbox."""

_REPORTS_PER_COHORT: Final = 100
"""A filing day may have one set of labels for so many reports of the capacity."""

_MAX_ORPHANS: Final = 10_000


class HistorySpan(NamedTuple):
    """A span of audited history: reports filed in [`since`, `until`) are kept until `closes`, in epoch milliseconds."""

    since: int
    until: int
    closes_at: int


class PlatformConfig(NamedTuple):
    """What the registry says of a platform.

    `cadence` is how often, in milliseconds, it promises to have told everything, `capacity` how many of its reports a
    partition remembers, `held` are its spans of history.
    """

    cadence: int = 5 * MINUTE
    capacity: int = DEFAULT_CAPACITY
    history_spans: tuple[HistorySpan, ...] = ()

    @property
    def allowance_s(self) -> int:
        """Within how many seconds after its time a filing must be told to be in time."""
        return max(_MIN_ALLOWANCE, self.cadence) // SECOND

    @property
    def max_cohorts_per_day(self) -> int:
        """How many different sets of labels the filings of one day may have on a partition: so many cohorts."""
        return self.capacity // _REPORTS_PER_COHORT

    def history_open_until(self, at: int) -> int:
        """Return until when a report that begins at `at` is neither forgotten nor sealed; 0 outside of history."""
        return max([span.closes_at for span in self.history_spans if span.since <= at < span.until], default=0)


class LedgerConfig(NamedTuple):
    """What a ledger goes by; durations in milliseconds.

    A platform that is not in `platforms` is taken with the rule `others`; of each, at most `waiting` reports may wait
    for their filing. `notices` says whether notices about single reports are wanted, which somebody must then take.
    """

    clocks: tuple[Clock, ...] = STANDARD_CLOCKS
    platforms: Mapping[str, PlatformConfig] = {}
    default_platform: PlatformConfig = PlatformConfig()
    retention: int = 200 * DAY
    max_filing_age: int = 14 * DAY
    unanswered_after: int = 400 * DAY
    max_orphans: int = _MAX_ORPHANS
    with_updates: bool = False


class RowCodec(Protocol):
    """How rows become bytes."""

    def pack(self, value: object) -> bytes:
        """Return the stored form of a cohort or of counters."""

    def pack_row(self, row: ReportRow) -> bytes:
        """Return the stored form of a report's row."""

    def unpack_row(self, stored: bytes) -> ReportRow:
        """Return the row that `pack_row` stored."""

    def closed_on_day(self, stored: bytes) -> int:
        """Return the `rests` of the row that `pack_row` stored."""

    def unpack_cohort(self, stored: bytes) -> dict[bytes, int]:
        """Return the cohort that `pack` stored."""

    def unpack_counters(self, stored: bytes) -> dict[str, int]:
        """Return the counters that `pack` stored."""

    def unpack_clock(self, stored: bytes) -> LoadedClock:
        """Return the clock of the roster that `pack` stored."""
