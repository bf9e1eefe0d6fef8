"""When something next happens to a report by itself: a limit passes, it is forgotten, or it is sealed."""

from streams.domain.clocks.report_state import OPEN_STATES
from streams.domain.duration_bins import FOREVER_MS
from streams.domain.events import TEST_FILING
from streams.domain.ledger.config import Rules
from streams.domain.reports.evaluation import Appraisal
from streams.domain.reports.row import HISTORY, Entry, Row


def due_at_length(rules: Rules, row: Row, appraisal: Appraisal) -> int:
    """Return when something next happens to a report that has been read at length."""
    measured = appraisal.measured
    if measured is None:
        return last_told(row.entries) + rules.memory
    limit = min([clock.due for clock in measured.clocks], default=FOREVER_MS)
    if measured.state in OPEN_STATES:
        return min(limit, measured.filed.at + rules.sealed)
    return min(limit, forgotten_at(rules, row.entries, measured.filed.at))


def forgotten_at(rules: Rules, entries: list[Entry], filed: int) -> int:
    """Return when an ended report is forgotten: long after its last event, and not while its filing could come again."""
    return max(last_told(entries) + rules.memory, filed + rules.too_old)


def begun_at(entries: list[Entry]) -> int:
    """Return when a report was filed, as far as is known, in epoch milliseconds: that of its first event if it was not."""
    return min([entry.at for entry in entries if entry.code <= TEST_FILING], default=entries[0].at)


def last_told(entries: list[Entry]) -> int:
    """Return when we were told of the newest of a report's events, in epoch milliseconds."""
    last = 0
    for at, _, _, _, _, _, delay in entries:
        told = at + (delay if delay < HISTORY else delay - HISTORY)
        if told > last:  # noqa: PLR1730 - half the time of max
            last = told
    return last
