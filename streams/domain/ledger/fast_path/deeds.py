"""What the deeds of plain reports are counted under: names spelled once, equal deeds added up before they are counted."""

from bisect import bisect_left

from streams.domain.clocks.endings import MISSED, STOPPED, decide_deadline
from streams.domain.duration_bins import EDGES, FOREVER_MS, OVERFLOW_BIN
from streams.domain.ledger import counters
from streams.domain.ledger.counters import ENTRY_COUNTERS, ClockCounterNames, CounterUpdates
from streams.domain.ledger.fast_path.at_hand import Report
from streams.domain.ledger.fast_path.memo import Memo
from streams.domain.ledger.fast_path.path import End, Path
from streams.domain.ledger.platform_state import PlatformState
from streams.domain.reports.row import Entry, UnpackedReport


class Deeds:
    """Counts the deeds and missed limits of plain reports, to their platforms' counters and their cohorts' sums."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], CounterUpdates] = {}
        self._memo = Memo()

    def learn(self, path: Path, value: int) -> CounterUpdates:
        """Return what the last deed of a path is counted under when all limits are ahead and its bin is `value`."""
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
        """Count the last deed of a path that a report has taken; limits up to `horizon` were counted as missed before it."""
        platform.count(ENTRY_COUNTERS[path.codes[-1]])
        for end in path.ended or ():
            self._end(platform, report, path.names[end.clock], end, horizon)

    def miss(self, platform: PlatformState, report: Report, path: Path, passed: tuple[int, int]) -> None:
        """Count the limits of a plain report on a path that lie after the first of two instants, up to the second."""
        filed, (before, horizon) = report.entries[0], passed
        for clock in path.running:
            names = path.names[clock]
            if before < filed.at + names.limit <= horizon:
                platform.count(names.deadline[MISSED, names.limit <= filed.delay])

    def await_no_longer(self, platform: PlatformState, waiting: UnpackedReport) -> None:
        """Take back that actions wait for their filing; what they are is counted when their report is settled."""
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
    """Count a verdict, in place of the miss that was counted if the limit had passed."""
    late = names.limit <= filed.delay
    if filed.at + names.limit > horizon:
        platform.count(names.deadline[deadline_outcome, late])
    elif deadline_outcome != MISSED:
        platform.count(counters.corrected(names.deadline[MISSED, late]))
        platform.count(names.deadline[deadline_outcome, late])
