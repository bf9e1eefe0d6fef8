"""Compute when a report is next due: at a deadline, at its eviction, or when it becomes unanswered."""

from streams.domain.clocks.state_machine import OPEN_STATES
from streams.domain.duration_bins import FOREVER_MS
from streams.domain.events import TEST_FILING_CODE
from streams.domain.ledger.config import LedgerConfig
from streams.domain.reports.evaluation import Evaluation
from streams.domain.reports.report_row import HISTORY_OFFSET_MS, Entry, ReportRow


def compute_next_due(config: LedgerConfig, row: ReportRow, evaluation: Evaluation) -> int:
    """Return when an evaluated report is next due, in epoch milliseconds: docs/definitions.md §6 and §7."""
    measured = evaluation.measured
    if measured is None:
        return last_logged_at(row.entries) + config.retention
    next_deadline = min([clock.due_at for clock in measured.clocks], default=FOREVER_MS)
    if measured.state in OPEN_STATES:
        return min(next_deadline, measured.filing.at + config.unanswered_after)
    return min(next_deadline, evict_at(config, row.entries, measured.filing.at))


def evict_at(config: LedgerConfig, entries: list[Entry], filed_at: int) -> int:
    """Return when an ended report is evicted: retention after its last event, and when a filing would be `too_old`."""
    return max(last_logged_at(entries) + config.retention, filed_at + config.max_filing_age)


def first_known_at(entries: list[Entry]) -> int:
    """Return when the report's first filing occurred, or its first event if it has no filing, in epoch milliseconds."""
    return min([entry.at for entry in entries if entry.code <= TEST_FILING_CODE], default=entries[0].at)


def last_logged_at(entries: list[Entry]) -> int:
    """Return the latest logged-at of a report's events, in epoch milliseconds."""
    last = 0
    for at, _, _, _, _, _, delay in entries:
        logged_at = at + (delay if delay < HISTORY_OFFSET_MS else delay - HISTORY_OFFSET_MS)
        if logged_at > last:  # noqa: PLR1730 - half the time of max
            last = logged_at
    return last
