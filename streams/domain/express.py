"""The short way for plain reports: post what an event changes without reading the report before and after it.

Whatever is not plain is left to the long way (`appraise` and `books`), which says what is right; properties hold the
two to the same rows, cohorts and counters.
"""

from bisect import bisect_left
from collections.abc import Iterable
from operator import attrgetter
from typing import Final

from streams.domain import counters
from streams.domain.appraise import Appraiser
from streams.domain.books import Books
from streams.domain.clocks import DEEDS, Clock
from streams.domain.cohort import FROM_THE_START, Stored
from streams.domain.course import STOPPED
from streams.domain.deadlines import NEVER
from streams.domain.desk import Desk, Told
from streams.domain.events import Action, Amendment, Filing
from streams.domain.grid import DAY, EDGES, MINUTE, SECOND, TOP, bin_of
from streams.domain.measure import MISSED, entry_bin, verdict_of
from streams.domain.paths import End, Path, Paths
from streams.domain.report import AMENDMENT, CAP, FILING, FIRST_DEED, Entry, Row, entry_of, is_plain

_ID: Final = attrgetter("id")
_NAMES: Final = {AMENDMENT: counters.AMENDED} | {
    FIRST_DEED + place: counters.deed(deed.outcome) for place, deed in enumerate(DEEDS)
}


class _Names:
    """What one clock is counted under, spelled once; `total` is its sum of durations in a cohort."""

    def __init__(self, place: int, clock: Clock) -> None:
        bounds = (*counters.BUCKETS, NEVER)
        self.limit = NEVER if clock.limit is None else clock.limit
        self.total = bytes((place,))
        self.stopped = tuple(counters.stopped(clock.key, bound) for bound in bounds)
        self.stopped_ms = counters.stopped_ms(clock.key)
        self.verdict = {
            (verdict, late): counters.verdict(clock.key, verdict, late=late)
            for verdict in counters.VERDICTS
            for late in (False, True)
        }


class Report:
    """A report at hand.

    `path` is None for one that is not plain, and the rest is empty then: `name` of its cohort, `risk` (the bin of the
    delay from which on it is at risk), `values` (its filing minute, and the bin of each later entry: what plain
    signatures are made of) and the `signature` under which its cohort counts it.
    """

    __slots__ = ("allowance", "entries", "name", "path", "risk", "signature", "values")

    def __init__(self, allowance: int, entries: list[Entry]) -> None:
        self.allowance = allowance
        self.entries = entries
        self.path: Path | None = None
        self.name = ""
        self.risk = FROM_THE_START
        self.values: list[int] = []
        self.signature = b""

    @property
    def row(self) -> Row:
        """What is stored of it."""
        return self.allowance, self.entries


class Express:
    """Posts plain reports straight to the books; what it does not post is left untouched.

    The two methods that take an event do so for nineteen in twenty: their calls are few on purpose.
    """

    def __init__(self, clocks: tuple[Clock, ...], appraiser: Appraiser, books: Books) -> None:
        self._cohorts = books.cohorts
        self._touched = books.touched
        self._paths = Paths(clocks, appraiser)
        self._filed = self._paths.of((FILING,))
        self._names = tuple(_Names(place, clock) for place, clock in enumerate(clocks))
        self._known: dict[tuple[str, ...], Told] = {}
        self._shortest = min([names.limit for names in self._names], default=NEVER)

    def file(self, desk: Desk, filed: Filing) -> Report | None:
        """Enter a report that nothing is known of yet; None for the long way."""
        path, at, delay = self._filed, filed.at, filed.told - filed.at
        if (
            path is None
            or filed.test
            or at + self._shortest <= desk.horizon
            or not desk.all_clocks_run(filed.attributes)
        ):
            return None
        report = Report(desk.allowance, [entry_of(filed)])
        report.path = path
        report.name = name = f"{desk.name}|{at // DAY}|{filed.attributes}"
        if delay > desk.allowance * SECOND:
            report.risk = bin_of(delay)
        report.values = [at % DAY // MINUTE]
        report.signature = signature = path.signature(report.risk, report.values)
        cohort = self._cohorts.get(name)
        if cohort is None:
            cohort = self._cohorts[name] = {}
        cohort[signature] = cohort.get(signature, 0) + 1
        self._touched.add(name)
        desk.tally[counters.FILED] += 1
        return report

    def append(self, desk: Desk, report: Report, event: Action | Amendment) -> bool:
        """Enter an event that is later than all that is known of a plain report; false for the long way."""
        path, entries, at = report.path, report.entries, event.at
        if path is None or at <= entries[-1].at or event.id in map(_ID, entries):
            return False
        entry = entry_of(event)
        after = path.onward.get(entry.code) or self._paths.after(path, entry.code)
        if after is None or after.ended is None or len(entries) == CAP or (entry.number and entries[0].number != 1):
            return False
        value = bisect_left(EDGES, at - entries[0].at)
        values = [*report.values, value]
        old, new = report.signature, after.signature(report.risk, values)
        cohort = self._cohorts[report.name]
        if old != new:
            left = cohort[old] - 1
            if left:
                cohort[old] = left
            else:
                del cohort[old]
            cohort[new] = cohort.get(new, 0) + 1
        self._touched.add(report.name)
        entries.append(entry)
        report.path, report.values, report.signature = after, values, new
        self._tell(desk, report, cohort, value)
        return True

    def read(self, desk: Desk, row: Row) -> Report:
        """Return a row as a report at hand."""
        allowance, entries = row
        report = Report(allowance, entries)
        filed = entries[0]
        path = self._paths.of(tuple([entry.code for entry in entries]))
        if path is not None and is_plain(entries) and desk.all_clocks_run(filed.labels):
            report.path = path
            report.name = f"{desk.name}|{filed.at // DAY}|{filed.labels}"
            report.risk = entry_bin(filed, allowance * SECOND)
            report.values = [filed.at % DAY // MINUTE, *[bin_of(entry.at - filed.at) for entry in entries[1:]]]
            report.signature = path.signature(report.risk, report.values)
        return report

    def join(self, desk: Desk, report: Report) -> bool:
        """Enter a filing with the actions that have waited for it, if it is plain."""
        path, entries = report.path, report.entries
        filed = entries[0]
        if path is None or filed.at + self._shortest <= desk.horizon or entries[1].at == filed.at:
            return False
        cohort = self._cohorts.setdefault(report.name, {})
        cohort[report.signature] = cohort.get(report.signature, 0) + 1
        self._touched.add(report.name)
        desk.count(counters.FILED)
        desk.count(counters.WAITING, -1)
        self._count(desk, report, path.ends)
        return True

    def miss(self, desk: Desk, report: Report, before: int) -> None:
        """Count the limits of a plain report that the horizon has passed since `before`."""
        assert report.path is not None
        filed = report.entries[0]
        for clock in report.path.running:
            names = self._names[clock]
            if before < filed.at + names.limit <= desk.horizon:
                desk.count(names.verdict[MISSED, names.limit <= filed.delay])

    def _tell(self, desk: Desk, report: Report, cohort: Stored, value: int) -> None:
        """Count a report's last deed, whose duration lies in the bin `value`."""
        path, filed = report.path, report.entries[0]
        assert path is not None
        if filed.at + self._shortest <= desk.horizon or filed.delay >= self._shortest:
            desk.count(_NAMES[path.codes[-1]])
            self._count(desk, report, path.ended or ())
            return
        told = path.told.get(value) or self._learn(path, value)
        desk.told[told] += 1
        if told.sums:
            duration = report.entries[-1].at - filed.at
            desk.durations[told] += duration
            for total in told.sums:
                cohort[total] = cohort.get(total, 0) + duration

    def _learn(self, path: Path, value: int) -> Told:
        """Return what the last deed of a path is counted under when all limits are ahead and its bin is `value`."""
        longest = EDGES[value] if value < TOP else NEVER
        once = [_NAMES[path.codes[-1]]]
        sums = {}
        for clock, _, ending in path.ended or ():
            names = self._names[clock]
            if ending == STOPPED:
                once.append(names.stopped[bisect_left(counters.BUCKETS, longest)])
                sums[names.total] = names.stopped_ms
            if names.limit != NEVER:
                once.append(names.verdict[verdict_of(ending, longest, names.limit), False])
        told = path.told[value] = self._known.setdefault(tuple(once), Told(tuple(once), sums))
        return told

    def _count(self, desk: Desk, report: Report, ends: Iterable[End]) -> None:
        """Count clocks that have ended, whatever the horizon has passed."""
        filed, tally = report.entries[0], desk.tally
        cohort = self._cohorts[report.name]
        for clock, place, ending in ends:
            names, duration = self._names[clock], report.entries[place].at - filed.at
            if ending == STOPPED:
                cohort[names.total] = cohort.get(names.total, 0) + duration
                tally[names.stopped[bisect_left(counters.BUCKETS, duration)]] += 1
                tally[names.stopped_ms] += duration
            if names.limit != NEVER:
                self._judge(desk, names, verdict_of(ending, duration, names.limit), filed)

    def _judge(self, desk: Desk, names: _Names, verdict: int, filed: Entry) -> None:
        """Count a verdict, in place of the miss that was counted if the limit had passed."""
        late = names.limit <= filed.delay
        if filed.at + names.limit > desk.horizon:
            desk.count(names.verdict[verdict, late])
        elif verdict != MISSED:
            desk.count(counters.corrected(names.verdict[MISSED, late]))
            desk.count(names.verdict[verdict, late])
