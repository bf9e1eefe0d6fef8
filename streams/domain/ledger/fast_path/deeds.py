"""Count the actions of simple reports: counter names are cached, and equal actions are added up first."""

from bisect import bisect_left

from streams.domain.clocks.deadlines import MISSED, decide_deadline
from streams.domain.clocks.endings import STOPPED
from streams.domain.duration_bins import EDGES, FOREVER_MS, OVERFLOW_BIN
from streams.domain.ledger import counters
from streams.domain.ledger.counters import ENTRY_COUNTERS, ClockCounterNames, CounterUpdates
from streams.domain.ledger.fast_path.at_hand import Report
from streams.domain.ledger.fast_path.memo import Memo
from streams.domain.ledger.fast_path.path import End, Path
from streams.domain.ledger.platform_state import PlatformState
from streams.domain.reports.report_row import Entry, UnpackedReport


class Deeds:
    """Counts the actions and missed deadlines of simple reports, in counters and in the sums of cohorts."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], CounterUpdates] = {}
        self._memo = Memo()

    def learn(self, path: Path, value: int) -> CounterUpdates:
        """Return the counters of a path's last action, in the bin `value`, when all deadlines lie ahead."""
        longest = EDGES[value] if value < OVERFLOW_BIN else FOREVER_MS
        once = [ENTRY_COUNTERS[path.codes[-1]]]
        sums = {}
        for clock, _, ending in path.ended or ():
            names = path.names[clock]
            if ending == STOPPED:
                once.append(names.stopped[bisect_left(counters.DURATION_BUCKETS, longest)])
                sums[names.total] = names.stopped_ms
            if names.limit != FOREVER_MS:
                once.append(names.deadline[decide_deadline(ending, longest, names.limit), False])
        updates = self._known.setdefault(tuple(once), CounterUpdates(tuple(once), sums))
        self._memo.put(path.counter_cache, value, updates)
        return updates

    def count(self, platform: PlatformState, report: Report, path: Path, horizon: int) -> None:
        """Count the last action of a report's path; deadlines up to `horizon` were counted as missed before."""
        platform.count(ENTRY_COUNTERS[path.codes[-1]])
        for end in path.ended or ():
            self._end(platform, report, path.names[end.clock], end, horizon)

    def miss(self, platform: PlatformState, report: Report, path: Path, passed: tuple[int, int]) -> None:
        """Count the deadlines of a simple report that lie after the first of two instants, up to the second."""
        filed, (before, horizon) = report.entries[0], passed
        for clock in path.running:
            names = path.names[clock]
            if before < filed.at + names.limit <= horizon:
                platform.count(names.deadline[MISSED, names.limit <= filed.log_delay])

    def await_no_longer(self, platform: PlatformState, waiting: UnpackedReport) -> None:
        """Undo the counting of an orphan and its entries, which are counted when the report is flushed."""
        platform.count(counters.ORPHANS, -1)
        for entry in waiting.entries:
            platform.count(ENTRY_COUNTERS[entry.code], -1)

    def _end(self, platform: PlatformState, report: Report, names: ClockCounterNames, end: End, horizon: int) -> None:
        filed, (_, cohort) = report.entries[0], report.cohort
        duration = report.entries[end.place].at - filed.at
        if end.ending == STOPPED:
            cohort[names.total] = cohort.get(names.total, 0) + duration
            platform.count(names.stopped[bisect_left(counters.DURATION_BUCKETS, duration)])
            platform.count(names.stopped_ms, duration)
        if names.limit != FOREVER_MS:
            _judge(platform, names, decide_deadline(end.ending, duration, names.limit), filed, horizon)


def _judge(
    platform: PlatformState, names: ClockCounterNames, deadline_outcome: int, filed: Entry, horizon: int
) -> None:
    """Count a deadline outcome; correct the miss that was counted if the deadline had passed."""
    late = names.limit <= filed.log_delay
    if filed.at + names.limit > horizon:
        platform.count(names.deadline[deadline_outcome, late])
    elif deadline_outcome != MISSED:
        platform.count(counters.corrected(names.deadline[MISSED, late]))
        platform.count(names.deadline[deadline_outcome, late])
