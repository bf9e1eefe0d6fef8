"""Make the report updates of simple reports from their paths."""

from streams.domain.clocks.deadlines import PENDING, decide_deadline
from streams.domain.duration_bins import EDGES, FOREVER_MS, OVERFLOW_BIN
from streams.domain.ledger.fast_path.at_hand import Report
from streams.domain.ledger.fast_path.memo import Memo
from streams.domain.ledger.fast_path.path import Path
from streams.domain.ledger.report_updates import ClocksEnded, DeadlinesPassed, EndedClock, UpdateCollector


class Updates:
    """Adds the updates of simple reports to `notices`; used only if updates are wanted."""

    def __init__(self, notices: UpdateCollector) -> None:
        self._add = notices.add
        self._memo = Memo()

    def on_end(self, key: bytes, report: Report, path: Path, place: int, value: int) -> None:
        """Report the clocks that the entry at `place` has ended, in the bin `value`; `path` ends with this entry."""
        filed, at = report.entries[0], report.entries[place].at
        ended_clocks = path.says.get(value)
        if ended_clocks is None or filed.log_delay >= path.shortest:
            ended_clocks = _ended_clocks(path, value, filed.log_delay)
            if filed.log_delay < path.shortest:
                self._memo.put(path.says, value, ended_clocks)
        if ended_clocks:
            self._add(ClocksEnded(key, filed.at, at, at - filed.at, ended_clocks))

    def on_deadline(self, key: bytes, report: Report, path: Path, since: int, horizon: int) -> None:
        """Report the deadlines of a simple report that passed after `since`, up to `horizon`."""
        filed = report.entries[0]
        for limit in path.limits:
            if since < filed.at + limit <= horizon and limit > filed.log_delay:
                clocks = [path.names[place] for place in path.running if path.names[place].limit == limit]
                self._add(DeadlinesPassed(key, filed.at, filed.at + limit, tuple(clocks)))


def _ended_clocks(path: Path, value: int, delay: int) -> tuple[EndedClock, ...]:
    """Return the clocks that a path's last entry ended, except those whose deadline had passed when the filing was logged."""
    longest, found = EDGES[value] if value < OVERFLOW_BIN else FOREVER_MS, []
    for end in path.ended or ():
        names = path.names[end.clock]
        if names.limit > delay:
            outcome = PENDING if names.limit == FOREVER_MS else decide_deadline(end.ending, longest, names.limit)
            found.append(EndedClock(names, end.ending, outcome))
    return tuple(found)
