"""Compute when a simple report is next due."""

from streams.domain.ledger.config import LedgerConfig
from streams.domain.ledger.due import evict_at
from streams.domain.ledger.fast_path.path import Path
from streams.domain.reports.report_row import Entry


def compute_next_due_simple(rules: LedgerConfig, path: Path, entries: list[Entry], horizon: int) -> int:
    """Return when a simple report is next due, after the deadlines that are decided up to `horizon`.

    An open report is due once before it becomes unanswered, at the first instant at which it could be evicted if it had
    ended. Its end therefore needs no entry in the queue.
    """
    filed = entries[0]
    if path.open:
        end, early = filed.at + rules.unanswered_after, filed.logged_at + rules.retention
        end = early if horizon < early < end else end
    else:
        end = evict_at(rules, entries, filed.at)
    for limit in path.limits:
        due = filed.at + limit
        if due > horizon:
            return due if due < end else end  # noqa: FURB136 - half the time of min
    return end
