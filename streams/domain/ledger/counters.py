"""The names of a platform's counters: docs/definitions.md §5.

Counters never fall. If something was counted and is not true any more, it is counted again under the name that
`corrected` gives (for filings, `UNFILED`). Counted minus corrected is what the rows say.
"""

from bisect import bisect_left
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from streams.domain.clocks.deadlines import DEADLINE_OUTCOMES
from streams.domain.clocks.definition import Clock
from streams.domain.clocks.selection import ClockSet
from streams.domain.duration_bins import DAY, FOREVER_MS, HOUR, MINUTE
from streams.domain.events import ACTION_KINDS, AMENDMENT_CODE, FIRST_ACTION_CODE, RETRACTION_CODE
from streams.domain.vocabulary import RefusalReason

DURATION_BUCKETS: Final = (
    *(minutes * MINUTE for minutes in (5, 10, 30)),
    *(hours * HOUR for hours in (1, 2, 3, 4, 6, 8, 12, 24, 36, 48, 72)),
    *(days * DAY for days in (5, 7, 14, 30, 42, 90)),
)
"""Upper bounds of the histogram of stops, in milliseconds; each is an edge of the duration bins. Do not change them."""

FILED: Final = "filed"
UNFILED: Final = "unfiled"
TESTS: Final = "tests"
DUPLICATES: Final = "duplicates"
FOLDED: Final = "folded"
"""Acknowledgements that are not kept, since their reports have more events than a row keeps."""

CONFLICTS: Final = "conflicts"
SKEWED: Final = "skewed"
AMENDED: Final = "amended"
RETRACTED: Final = "retracted"
HEARTBEATS: Final = "heartbeats"
SEQUENCE_GAPS: Final = "sequence_gaps"
EVICTED: Final = "evicted"
UNANSWERED: Final = "unanswered"
HISTORY: Final = "history"
"""Filings of audited history."""
ZERO_DURATIONS: Final = "zero_durations"
"""Clocks that stopped after 0 milliseconds."""

REFUSED: Final = "refused"
"""The kind of the counters that `refused` names."""
STOPPED: Final = "stopped"
"""The kind of the counters that `stopped` names."""

ORPHANS: Final = "orphans"
"""A gauge: the number of orphans."""
RETAINED: Final = "retained"
"""A gauge: the number of retained reports, orphans included."""
DECIDED_THROUGH: Final = "decided_through"
"""An instant: up to which deadlines are decided."""
LAST_LOGGED_AT: Final = "last_logged_at"
"""An instant: the latest logged-at of the platform's events."""

REMOVED_FILED_FROM: Final = "removed_filed_from"
"""An instant: the earliest filing of the reports whose rows were removed."""
REMOVED_FILED_THROUGH: Final = "removed_filed_through"
"""An instant: the latest filing of the reports whose rows were removed."""

_CORRECTED: Final = "un"


def declared_watermark(topic: str) -> str:
    """Return the name of the instant up to which a platform declares a topic role (`report-filed`, …) complete."""
    return f"declared_watermark|{topic}"


def sequence(topic: str) -> str:
    """Return the name of the largest heartbeat number of a topic role."""
    return f"sequence|{topic}"


def refused(reason: RefusalReason) -> str:
    """Return the counter name of refusals with a reason."""
    return f"{REFUSED}|{reason.value}"


def action(outcome: str) -> str:
    """Return the counter name of accepted actions with an outcome."""
    return f"action|{outcome}"


def stopped(clock: str, duration: int) -> str:
    """Return the counter name of a clock's stops in the bucket of `duration`; `clock` is the clock's key.

    The last bucket has no upper bound.
    """
    return f"{STOPPED}|{clock}|{bisect_left(DURATION_BUCKETS, duration)}"


def stopped_ms(clock: str) -> str:
    """Return the counter name for the sum of the durations of a clock's stops, in milliseconds."""
    return f"stopped_ms|{clock}"


def paused_ms(clock: str) -> str:
    """Return the counter name of the paused time of a clock that has ended, in milliseconds."""
    return f"paused_ms|{clock}"


def deadline(clock: str, outcome: int, *, was_logged_late: bool) -> str:
    """Return the counter name of a deadline outcome; late: the deadline had passed when the filing was logged."""
    return f"deadline|{clock}|{DEADLINE_OUTCOMES[outcome]}|{'late' if was_logged_late else 'live'}"


def corrected(name: str) -> str:
    """Return the counter name of what was counted under `name` and is not true any more."""
    return f"{_CORRECTED}|{name}"


class CounterName(NamedTuple):
    """The parts of a counter's name: its kind, and its details, for example a clock's key and a deadline outcome."""

    kind: str
    details: tuple[str, ...]
    is_corrected: bool


def parse(name: str) -> CounterName:
    """Return the parts of a counter's name; the functions above are the inverse."""
    first, *others = name.split("|")
    if first != _CORRECTED:
        return CounterName(first, tuple(others), is_corrected=False)
    return CounterName(others[0], tuple(others[1:]), is_corrected=True)


def counted(counts: Mapping[str, int], kind: str) -> dict[tuple[str, ...], int]:
    """Return what was counted under the names of one kind, by their details; what was corrected is left out."""
    names = ((parse(name), count) for name, count in counts.items())
    return {name.details: count for name, count in names if name.kind == kind and not name.is_corrected}


ENTRY_COUNTERS: Final = {AMENDMENT_CODE: AMENDED, RETRACTION_CODE: RETRACTED} | {
    FIRST_ACTION_CODE + position: action(kind.outcome) for position, kind in enumerate(ACTION_KINDS)
}
"""The counter of an entry that arrives for the first time, by its code; filings are counted when they are effective."""


class CounterUpdates:
    """The counters that equal actions change: `once` adds 1 to each, `sums` adds the duration.

    `sums` maps the clock hash, under which a cohort stores the sum, to the counter of the sum. Objects are compared by
    identity, which makes them fast keys.
    """

    __slots__ = ("once", "sums")

    def __init__(self, once: tuple[str, ...], sums: Mapping[bytes, str]) -> None:
        self.once = once
        self.sums = sums


class ClockCounterNames:
    """The counter names of one clock; `total` names its sum in a cohort, `limit` is FOREVER_MS if it has no limit."""

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
    """Return the counter names of a clock set's clocks, in their order; the result is cached."""
    return tuple([ClockCounterNames(clock) for clock in clock_set.clocks])
