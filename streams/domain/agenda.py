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
    """Return when something next happens to a plain report whose limits are decided up to `horizon`."""
    path, filed = report.path, report.entries[0].at
    assert path is not None
    end = filed + rules.sealed if path.open else _forgotten(rules, report.row, filed)
    for limit in path.limits:
        if filed + limit > horizon:
            return min(filed + limit, end)
    return end


def _forgotten(rules: Rules, row: Row, filed: int) -> int:
    """Return when an ended report is forgotten: long after its last event, and not while its filing could come again."""
    return max(_last_told(row) + rules.memory, filed + rules.too_old)


def _last_told(row: Row) -> int:
    return max([entry.at + entry.delay for entry in row[1]])
