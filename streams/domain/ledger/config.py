"""Settings of a ledger, and the interface through which it encodes its rows as bytes."""

from collections.abc import Mapping
from typing import Final, NamedTuple, Protocol

from streams.domain.clocks.clock_history import LoadedClock
from streams.domain.clocks.definition import Clock
from streams.domain.clocks.standard import STANDARD_CLOCKS
from streams.domain.duration_bins import DAY, MINUTE, SECOND
from streams.domain.reports.report_row import ReportRow

DEFAULT_CAPACITY: Final = 2_000_000
"""How many reports of a platform a partition retains unless the registry gives another number."""

_MIN_ALLOWANCE: Final = 15 * MINUTE
"""A filing that is logged within this time is never late, since a publisher sends from an outbox."""

_REPORTS_PER_COHORT: Final = 100
"""The filings of one day may have one set of labels for each this many reports of the capacity."""

_MAX_ORPHANS: Final = 10_000


class HistorySpan(NamedTuple):
    """A span of audited history: reports filed in [`since`, `until`) are kept until `closes_at` (epoch ms)."""

    since: int
    until: int
    closes_at: int


class PlatformConfig(NamedTuple):
    """The settings of one platform, from the registry.

    `cadence`: how often the platform promises a heartbeat, in milliseconds. `capacity`: how many of the platform's
    reports a partition retains. `history_spans`: the platform's spans of audited history.
    """

    cadence: int = 5 * MINUTE
    capacity: int = DEFAULT_CAPACITY
    history_spans: tuple[HistorySpan, ...] = ()

    @property
    def allowance_s(self) -> int:
        """Within how many seconds after it occurred a filing must be logged to have no delayed entry."""
        return max(_MIN_ALLOWANCE, self.cadence) // SECOND

    @property
    def max_cohorts_per_day(self) -> int:
        """How many cohorts, one for each set of labels, one filing day may have on a partition."""
        return self.capacity // _REPORTS_PER_COHORT

    def history_open_until(self, at: int) -> int:
        """Return until when a report filed at `at` is neither evicted nor made unanswered; 0 outside of history."""
        return max([span.closes_at for span in self.history_spans if span.since <= at < span.until], default=0)


class LedgerConfig(NamedTuple):
    """The settings of a ledger; durations are in milliseconds.

    `default_platform` holds the settings of a platform that `platforms` does not name. `max_orphans`: how many orphans
    of one platform may wait for their filings. `with_updates`: whether the ledger makes report updates; the caller
    must then call `Ledger.drain_updates`.
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
    """Encodes rows as bytes and decodes them."""

    def pack(self, value: object) -> bytes:
        """Return the stored form of a cohort or of counters."""

    def pack_row(self, row: ReportRow) -> bytes:
        """Return the stored form of a report's row."""

    def unpack_row(self, stored: bytes) -> ReportRow:
        """Return the row that `pack_row` stored."""

    def closed_on_day(self, stored: bytes) -> int:
        """Return the `closed_on_day` of the row that `pack_row` stored."""

    def unpack_cohort(self, stored: bytes) -> dict[bytes, int]:
        """Return the cohort that `pack` stored."""

    def unpack_counters(self, stored: bytes) -> dict[str, int]:
        """Return the counters that `pack` stored."""

    def unpack_clock(self, stored: bytes) -> LoadedClock:
        """Return the clock of the clock history that `pack` stored."""
