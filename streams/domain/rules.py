"""What a ledger goes by, and how its rows become bytes: both given from outside."""

from collections.abc import Mapping
from typing import Final, NamedTuple, Protocol

from streams.domain.clocks import STANDARD, Clock
from streams.domain.desk import PlatformRule
from streams.domain.grid import DAY
from streams.domain.report import Row
from streams.domain.roster import Enrolled

_WAITING: Final = 10_000


class Rules(NamedTuple):
    """What a ledger goes by; durations in milliseconds.

    A platform that is not in `platforms` is taken with the rule `others`; of each, at most `waiting` reports may wait
    for their filing. `notices` says whether notices about single reports are wanted, which somebody must then take.
    """

    clocks: tuple[Clock, ...] = STANDARD
    platforms: Mapping[str, PlatformRule] = {}
    others: PlatformRule = PlatformRule()
    memory: int = 200 * DAY
    too_old: int = 14 * DAY
    sealed: int = 400 * DAY
    waiting: int = _WAITING
    notices: bool = False


class RowCodec(Protocol):
    """How rows become bytes."""

    def pack(self, value: object) -> bytes:
        """Return the stored form of a cohort or of counters."""

    def pack_row(self, row: Row) -> bytes:
        """Return the stored form of a report's row."""

    def unpack_row(self, stored: bytes) -> Row:
        """Return the row that `pack_row` stored."""

    def closed_on_day(self, stored: bytes) -> int:
        """Return the `rests` of the row that `pack_row` stored."""

    def unpack_cohort(self, stored: bytes) -> dict[bytes, int]:
        """Return the cohort that `pack` stored."""

    def unpack_counters(self, stored: bytes) -> dict[str, int]:
        """Return the counters that `pack` stored."""

    def unpack_clock(self, stored: bytes) -> Enrolled:
        """Return the clock of the roster that `pack` stored."""
