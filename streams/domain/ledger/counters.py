"""The names of what is counted as it happens, per platform.

A counter never falls. What is counted under a name and changes later is counted again under its counterpart
(`filed` and `unfiled`, `stopped` and `unstopped`, `verdict` and `corrected`): the difference is what the rows say.
"""

from bisect import bisect_left
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from streams.domain.clocks.definition import Clock
from streams.domain.clocks.endings import DEADLINE_OUTCOMES
from streams.domain.clocks.selection import ClockSet
from streams.domain.duration_bins import DAY, FOREVER_MS, HOUR, MINUTE
from streams.domain.events import ACTION_KINDS, AMENDMENT_CODE, FIRST_ACTION_CODE, RETRACTION_CODE
from streams.domain.vocabulary import Reason

DURATION_BUCKETS: Final = (
    *(minutes * MINUTE for minutes in (5, 10, 30)),
    *(hours * HOUR for hours in (1, 2, 3, 4, 6, 8, 12, 24, 36, 48, 72)),
    *(days * DAY for days in (5, 7, 14, 30, 42, 90)),
)
"""Upper bounds of the histogram of stopped clocks, in milliseconds: a frozen subset of the grid."""

FILED: Final = "filed"
UNFILED: Final = "unfiled"
TESTS: Final = "tests"
DUPLICATES: Final = "duplicates"
FOLDED: Final = "folded"
"""Acknowledgements that their reports do not keep, since there are very many of them."""

CONFLICTS: Final = "conflicts"
SKEWED: Final = "skewed"
AMENDED: Final = "amended"
RETRACTED: Final = "retracted"
HEARTBEATS: Final = "heartbeats"
SEQUENCE_GAPS: Final = "sequence_gaps"
EVICTED: Final = "evicted"
UNANSWERED: Final = "unanswered"
HISTORY: Final = "history"
"""Filings that were told in audited history."""
ZERO_DURATIONS: Final = "zero_durations"
"""Clocks that stopped after 0 milliseconds."""

ORPHANS: Final = "orphans"
"""A gauge: reports whose actions wait for their filing."""
RETAINED: Final = "retained"
"""A gauge: reports that are remembered, those that wait among them."""
DECIDED_THROUGH: Final = "decided_through"
"""An instant: up to where deadlines have been decided."""
LAST_LOGGED_AT: Final = "last_logged_at"
"""An instant: when the platform last told us anything."""

REMOVED_FILED_FROM: Final = "removed_filed_from"
"""An instant: the earliest filing of the reports that were forgotten or sealed."""
REMOVED_FILED_THROUGH: Final = "removed_filed_through"
"""An instant: the latest filing of the reports that were forgotten or sealed."""


def declared_watermark(topic: str) -> str:
    """Name the instant up to which a topic (`report-filed`, `action-taken`) is complete by the platform's word."""
    return f"declared_watermark|{topic}"


def sequence(topic: str) -> str:
    """Name the last heartbeat number seen on a topic."""
    return f"sequence|{topic}"


def refused(reason: Reason) -> str:
    """Name the refusals for a reason."""
    return f"refused|{reason.value}"


def action(outcome: str) -> str:
    """Name the actions accepted with an outcome."""
    return f"action|{outcome}"


def stopped(clock: str, duration: int) -> str:
    """Name the stops of a clock (its key) in the bucket of `duration`; the last bucket has no upper bound."""
    return f"stopped|{clock}|{bisect_left(DURATION_BUCKETS, duration)}"


def stopped_ms(clock: str) -> str:
    """Name the sum of a clock's durations, in milliseconds."""
    return f"stopped_ms|{clock}"


def paused_ms(clock: str) -> str:
    """Name the sum of the time for which a clock (its key) was paused before it ended, in milliseconds."""
    return f"paused_ms|{clock}"


def deadline(clock: str, outcome: int, *, was_logged_late: bool) -> str:
    """Name the verdicts on a clock, by whether the limit had passed before we were told of the report."""
    return f"deadline|{clock}|{DEADLINE_OUTCOMES[outcome]}|{'late' if was_logged_late else 'live'}"


def corrected(name: str) -> str:
    """Name what was counted under `name` and has changed since."""
    return f"un|{name}"


ENTRY_COUNTERS: Final = {AMENDMENT_CODE: AMENDED, RETRACTION_CODE: RETRACTED} | {
    FIRST_ACTION_CODE + place: action(each.outcome) for place, each in enumerate(ACTION_KINDS)
}
"""What an entry is counted under that is news, by its code; filings are counted where they stand."""


class CounterUpdates:
    """What equal deeds are counted under: `once` adds 1 to each counter, `sums` the duration to a cohort's and a counter's.

    `sums` maps a cohort's name for the sum to the counter's. Two are never equal, so that they are quick to look up.
    """

    __slots__ = ("once", "sums")

    def __init__(self, once: tuple[str, ...], sums: Mapping[bytes, str]) -> None:
        self.once = once
        self.sums = sums


class ClockCounterNames:
    """What one clock is counted under; `total` is its sum of durations in a cohort, `limit` FOREVER_MS where it has none."""

    __slots__ = ("clock", "deadline", "key", "limit", "stopped", "stopped_ms", "total")

    def __init__(self, clock: Clock) -> None:
        bounds = (*DURATION_BUCKETS, FOREVER_MS)
        self.clock = clock
        self.key = clock.key
        self.limit = FOREVER_MS if clock.limit is None else clock.limit
        self.total = clock.hash
        self.stopped = tuple(stopped(clock.key, bound) for bound in bounds)
        self.stopped_ms = stopped_ms(clock.key)
        self.deadline = {
            (number, late): deadline(clock.key, number, was_logged_late=late)
            for number in DEADLINE_OUTCOMES
            for late in (False, True)
        }


@lru_cache(maxsize=1024)
def names_of(clock_set: ClockSet) -> tuple[ClockCounterNames, ...]:
    """Return what the clocks of a regime are counted under, in their order; made once for each regime."""
    return tuple([ClockCounterNames(clock) for clock in clock_set.clocks])
