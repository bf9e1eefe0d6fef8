"""Compute when a report is next due: at a deadline, at its eviction, or when it becomes unanswered."""

from streams.domain.clocks.report_state import OPEN_STATES
from streams.domain.duration_bins import FOREVER_MS
from streams.domain.events import TEST_FILING_CODE
from streams.domain.ledger.config import LedgerConfig
from streams.domain.reports.evaluation import Evaluation
from streams.domain.reports.row import HISTORY_OFFSET_MS, Entry, ReportRow


def compute_next_due(rules: LedgerConfig, row: ReportRow, appraisal: Evaluation) -> int:
    """Return when an evaluated report is next due, in epoch milliseconds: docs/definitions.md §6 and §7."""
    measured = appraisal.measured
    if measured is None:
        return last_logged_at(row.entries) + rules.retention
    limit = min([clock.due_at for clock in measured.clocks], default=FOREVER_MS)
    if measured.state in OPEN_STATES:
        return min(limit, measured.filing.at + rules.unanswered_after)
    return min(limit, evict_at(rules, row.entries, measured.filing.at))


def evict_at(rules: LedgerConfig, entries: list[Entry], filed_at: int) -> int:
    """Return when an ended report is evicted: retention after its last event, and when a filing would be `too_old`."""
    return max(last_logged_at(entries) + rules.retention, filed_at + rules.max_filing_age)


def first_known_at(entries: list[Entry]) -> int:
    """Return when the report's first filing occurred, or its first event if it has no filing, in epoch milliseconds."""
    return min([entry.at for entry in entries if entry.code <= TEST_FILING_CODE], default=entries[0].at)


def last_logged_at(entries: list[Entry]) -> int:
    """Return the latest logged-at of a report's events, in epoch milliseconds."""
    last = 0
    for at, _, _, _, _, _, delay in entries:
        latest = at + (delay if delay < HISTORY_OFFSET_MS else delay - HISTORY_OFFSET_MS)
        if latest > last:  # noqa: PLR1730 - half the time of max
            last = latest
    return last
