"""When something next happens to a report by itself: a limit passes, it is forgotten, or it is sealed."""

from streams.domain.appraise import Appraisal
from streams.domain.deadlines import NEVER
from streams.domain.express import Report
from streams.domain.report import Row
from streams.domain.rules import Rules
from streams.domain.states import OPEN_STATES


def due(rules: Rules, row: Row, appraisal: Appraisal) -> int:
    """Return when something next happens to a report that has been read at length."""
    measured = appraisal.measured
    if measured is None:
        return _last_told(row) + rules.memory
    limit = min([clock.due for clock in measured.clocks], default=NEVER)
    if measured.state in OPEN_STATES:
        return min(limit, measured.filed.at + rules.sealed)
    return min(limit, _forgotten(rules, row, measured.filed.at))


def due_plain(rules: Rules, report: Report, horizon: int) -> int:
    """Return when a plain report comes up next, after the limits that are decided up to `horizon`.

    An open one comes up once on the way to its sealing, at the first instant at which it could be forgotten if it had
    ended meanwhile: so its end need not be put on the agenda.
    """
    path, filed = report.path, report.entries[0]
    assert path is not None
    if path.open:
        end, early = filed.at + rules.sealed, filed.told + rules.memory
        end = early if horizon < early < end else end
    else:
        end = _forgotten(rules, report.row, filed.at)
    for limit in path.limits:
        if filed.at + limit > horizon:
            return min(filed.at + limit, end)
    return end


def _forgotten(rules: Rules, row: Row, filed: int) -> int:
    """Return when an ended report is forgotten: long after its last event, and not while its filing could come again."""
    return max(_last_told(row) + rules.memory, filed + rules.too_old)


def _last_told(row: Row) -> int:
    return max([entry.at + entry.delay for entry in row[1]])
