"""Alerts: what somebody has to do something about, and who.

A platform's slowness or silence is a ticket to the analyst, with a copy for the platform; the operator is paged for
the pipeline alone. No alert on a platform fires while the figures are stale: no data is not slowness.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from dashboards.promql import one, select
from dashboards.rules.recording import REACHED, SLOW, THRESHOLD, growth, ratio

RUNBOOK: Final = "docs/runbook.md"
LEAST_REACHED: Final = 20
"""Fewer deadlines than this in the long window are no rate: nobody is told."""

STALE_SECONDS: Final = 15 * 60
"""Figures older than this are stale: ten times what a healthy pipeline needs to catch up after a restart."""

SILENT_CADENCES: Final = 3
_AS_OF: Final = select("safeclock_as_of_timestamp_seconds")


class Audience(StrEnum):
    """Who is told."""

    ANALYST = "analyst"
    OPERATOR = "operator"


class Severity(StrEnum):
    """How urgently: a page wakes somebody, a ticket waits for the morning, none only proves that alerts flow."""

    PAGE = "page"
    TICKET = "ticket"
    NONE = "none"


class Alert(NamedTuple):
    """An alert; `wait` is how long it must hold, in Prometheus' notation. Its runbook entry has its name."""

    name: str
    expr: str
    wait: str
    severity: Severity
    audience: Audience
    summary: str

    @property
    def runbook(self) -> str:
        """Where the runbook says what to do."""
        return f"{RUNBOOK}#{self.name.lower()}"


def _fresh(expr: str) -> str:
    """Return `expr` while the figures are fresh, nothing while they are stale or gone."""
    return f"(\n{expr}\n)\nand on () (time() - max({_AS_OF}) < {STALE_SECONDS})"


_SLOW: Final = _fresh(
    f"  {ratio(SLOW.long)} > {THRESHOLD}\n"
    f"  and {ratio(SLOW.short)} > {THRESHOLD}\n"
    f"  and {growth(REACHED, SLOW.long)} >= {LEAST_REACHED}"
)
_COMPLETE: Final = f"max by (platform) ({select('safeclock_complete_through_timestamp_seconds')})"
_CADENCE: Final = f"max by (platform) ({select('safeclock_cadence_seconds')})"
# Measured against the figures' own time, not the wall clock: while the pipeline stands still nobody grows silent.
_SILENT: Final = _fresh(f"  scalar(max({_AS_OF})) - {_COMPLETE}\n  > on (platform) {SILENT_CADENCES} * {_CADENCE}")
_UNHEARD: Final = _fresh(f"  {_CADENCE} unless on (platform) {_COMPLETE}")
_STALE: Final = f"time() - max({_AS_OF}) > {STALE_SECONDS}\nor absent({_AS_OF})"
_GAPS: Final = select("safeclock_source_records_lost_total")
_PASSED: Final = one("safeclock_partition_records_lost_total")
# A gap is mostly found when a worker starts, before its first scrape: `increase` does not see such a birth. A worker
# that ends before anybody looks at it leaves its gap to the board's word; while no board is there, workers are heard.
_LOST: Final = (
    f"max by (partition) (\n  ({_GAPS} unless {_GAPS} offset 1h) > 0\n  or increase({_GAPS}[1h]) > 0"
    f"\n  or increase({_PASSED}[1h:1m]) > 0\n)"
)
_INTERNAL: Final = f"increase({one('safeclock_events_refused_total', reason='internal')}[1h:1m]) > 0"

ALERTS: Final = (
    Alert(
        "SafeclockSlowResponse",
        _SLOW,
        "15m",
        Severity.TICKET,
        Audience.ANALYST,
        "{{ $labels.platform }} missed {{ $value | humanizePercentage }} of the deadlines of {{ $labels.clock }} that "
        f"fell in the last {SLOW.long}",
    ),
    Alert(
        "SafeclockPlatformSilent",
        _SILENT,
        "5m",
        Severity.TICKET,
        Audience.ANALYST,
        "{{ $labels.platform }} last said that it was complete {{ $value | humanizeDuration }} ago, more than "
        f"{SILENT_CADENCES} of its cadences",
    ),
    Alert(
        "SafeclockPlatformUnheard",
        _UNHEARD,
        "2d",
        Severity.TICKET,
        Audience.ANALYST,
        "{{ $labels.platform }} is registered and has never said that it was complete",
    ),
    Alert(
        "SafeclockFiguresStale",
        _STALE,
        "5m",
        Severity.PAGE,
        Audience.OPERATOR,
        "the figures are older than 15 minutes or there are none",
    ),
    Alert(
        "SafeclockRecordsLost",
        _LOST,
        "0m",
        Severity.PAGE,
        Audience.OPERATOR,
        "records of partition {{ $labels.partition }} left the log before they were read",
    ),
    Alert(
        "SafeclockInternalRefusal",
        _INTERNAL,
        "0m",
        Severity.PAGE,
        Audience.OPERATOR,
        "an event of {{ $labels.platform }} was refused by a fault of ours",
    ),
    Alert(
        "SafeclockWatchdog",
        "vector(1)",
        "0m",
        Severity.NONE,
        Audience.OPERATOR,
        "always firing: when it stops arriving, alerts do not arrive",
    ),
)
