"""When something next happens to a plain report by itself."""

from streams.domain.ledger.config import LedgerConfig
from streams.domain.ledger.due import evict_at
from streams.domain.ledger.fast_path.path import Path
from streams.domain.reports.row import Entry


def compute_next_due_simple(rules: LedgerConfig, path: Path, entries: list[Entry], horizon: int) -> int:
    """Return when a plain report comes up next, after the limits that are decided up to `horizon`.

    An open one comes up once on the way to its sealing, at the first instant at which it could be forgotten if it had
    ended meanwhile: so its end need not be put on the agenda.
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
