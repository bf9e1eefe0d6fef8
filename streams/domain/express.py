"""The short way: a first filing, or one more action at the end of a plain report.

Nearly every event is one of these two, and for them nothing needs to be read twice: which clocks one more deed ends
is compiled once for each sequence of deeds. Whatever is not plain is left to the long way (`appraise` and `books`),
which says what is right; properties hold the two to the same rows, cohorts and counters.
"""

from bisect import bisect_left
from typing import Final, NamedTuple

from streams.domain import counters
from streams.domain.appraise import Appraiser
from streams.domain.books import Books
from streams.domain.clocks import DEEDS, Clock
from streams.domain.cohort import FROM_THE_START, layout
from streams.domain.course import OPEN, STOPPED, Plan
from streams.domain.deadlines import NEVER
from streams.domain.desk import Desk
from streams.domain.grid import DAY, EDGES, MINUTE, SECOND
from streams.domain.measure import CLOSED, MISSED, entry_bin, verdict_of
from streams.domain.report import CAP, FILING, FIRST_DEED, Entry
from streams.domain.states import OPEN_STATES, STATES

_STEPS_KEPT: Final = 100_000
_DEED_NAMES: Final = tuple(counters.deed(deed.outcome) for deed in DEEDS)


class Half(NamedTuple):
    """A plain report before or after a deed: the place of its state, and per clock the entry that ended it (-1: open)."""

    state: int
    open: bool
    ends: tuple[tuple[int, int], ...]


class Step(NamedTuple):
    """One more deed at the end of a plain report; `ended` are the clocks that it ends, with their endings.

    `closes` tells whether neither the report nor any clock is open after it.
    """

    before: Half
    after: Half
    ended: tuple[tuple[int, int], ...]
    closes: bool


class _Names:
    """The counters of one clock, spelled once."""

    def __init__(self, clock: Clock) -> None:
        bounds = (*counters.BUCKETS, NEVER)
        self.stopped = tuple(counters.stopped(clock.key, bound) for bound in bounds)
        self.stopped_ms = counters.stopped_ms(clock.key)
        self.verdict = {
            (verdict, late): counters.verdict(clock.key, verdict, late=late)
            for verdict in counters.VERDICTS
            for late in (False, True)
        }


class Express:
    """Posts plain events straight to the books; every method returns whether it did."""

    def __init__(self, clocks: tuple[Clock, ...], appraiser: Appraiser, books: Books) -> None:
        self._appraiser = appraiser
        self._books = books
        self._names = tuple(_Names(clock) for clock in clocks)
        self._sums = tuple(bytes((place,)) for place in range(len(clocks)))
        self._limits = tuple(NEVER if clock.limit is None else clock.limit for clock in clocks)
        self._shortest = min(self._limits, default=NEVER)
        self._plain = not any(clock.starts or clock.pauses for clock in clocks)
        self._pack = layout(len(clocks)).pack
        self._steps: dict[tuple[int, ...], Step | None] = {}

    def file(self, desk: Desk, filed: Entry) -> int | None:
        """Enter a first filing; return when its first limit passes, or None for the long way."""
        at, labels = filed.at, filed.labels
        due = at + self._shortest
        if not self._plain or filed.code != FILING or due <= desk.horizon or not desk.all_clocks_run(labels):
            return None
        minute = at % DAY // MINUTE
        entry = FROM_THE_START if filed.delay <= desk.allowance * SECOND else entry_bin(filed, desk.allowance * SECOND)
        signature = self._pack(0, entry, minute, *((minute, OPEN) * len(self._limits)))
        name = f"{desk.name}|{at // DAY}|{labels}"
        cohort = self._books.cohorts.get(name)
        if cohort is None:
            cohort = self._books.cohorts[name] = {}
        cohort[signature] = cohort.get(signature, 0) + 1
        self._books.touched.add(name)
        desk.count(counters.FILED)
        return due

    def append(self, desk: Desk, allowance: int, entries: list[Entry], entry: Entry) -> Step | None:
        """Enter an action that follows all that is known of a report; return the step, or None for the long way."""
        filed = entries[0]
        if entry.at <= entries[-1].at or filed.number != 1 or len(entries) == CAP:
            return None
        ids = [known.id for known in entries]
        if entry.id in ids or len(set(ids)) != len(ids):
            return None
        codes = (*[known.code for known in entries], entry.code)
        step = self._steps.get(codes) or self._learn(codes)
        if step is None or not desk.all_clocks_run(filed.labels):
            return None
        risk = entry_bin(filed, allowance * SECOND)
        name = f"{desk.name}|{filed.at // DAY}|{filed.labels}"
        cohort = self._books.cohorts[name]
        _move(cohort, self._signature(step.before, risk, entries), self._signature(step.after, risk, [*entries, entry]))
        for end in step.ended:
            self._end(desk, cohort, end, filed, entry.at - filed.at)
        self._books.touched.add(name)
        tally, deed = desk.tally, _DEED_NAMES[entry.code - FIRST_DEED]
        tally[deed] = tally.get(deed, 0) + 1
        return step

    def settled(self, entries: list[Entry]) -> bool:
        """Return whether a report is plain, and neither it nor any clock on it is open: no horizon changes it."""
        codes = tuple([entry.code for entry in entries])
        step = self._steps.get(codes)
        return (
            step is not None
            and step.closes
            and entries[0].number == 1
            and len({entry.id for entry in entries}) == len(codes)
        )

    def waits(self, step: Step, filed: Entry, horizon: int) -> bool:
        """Return whether some clock still waited for its limit before the step: its place in the queue is early enough."""
        return any(
            ending == OPEN and filed.at + limit > horizon
            for (_, ending), limit in zip(step.before.ends, self._limits, strict=True)
        )

    def _signature(self, half: Half, risk: int, entries: list[Entry]) -> bytes:
        at = entries[0].at
        minute = at % DAY // MINUTE
        flat: list[int] = []
        for place, ending in half.ends:
            flat.append(minute if place < 0 else bisect_left(EDGES, entries[place].at - at))
            flat.append(ending)
        return self._pack(half.state, risk, minute if half.open else CLOSED, *flat)

    def _end(self, desk: Desk, cohort: dict[bytes, int], end: tuple[int, int], filed: Entry, duration: int) -> None:
        """Count that a clock has ended."""
        clock, ending = end
        tally, names, due = desk.tally, self._names[clock], filed.at + self._limits[clock]
        if ending == STOPPED:
            total = self._sums[clock]
            cohort[total] = cohort.get(total, 0) + duration
            bucket = names.stopped[bisect_left(counters.BUCKETS, duration)]
            tally[bucket] = tally.get(bucket, 0) + 1
            tally[names.stopped_ms] = tally.get(names.stopped_ms, 0) + duration
        if self._limits[clock] == NEVER:
            return
        verdict, late = verdict_of(ending, duration, self._limits[clock]), due <= filed.at + filed.delay
        if due > desk.horizon:
            desk.count(names.verdict[verdict, late])
        elif verdict != MISSED:
            desk.count(counters.corrected(names.verdict[MISSED, late]))
            desk.count(names.verdict[verdict, late])

    def _learn(self, codes: tuple[int, ...]) -> Step | None:
        """Compile the last of `codes` as a step, None where it is not plain."""
        if codes not in self._steps:
            if len(self._steps) >= _STEPS_KEPT:
                self._steps.clear()
            self._steps[codes] = self._compile(codes) if self._plain else None
        return self._steps[codes]

    def _compile(self, codes: tuple[int, ...]) -> Step | None:
        before, after = self._appraiser.plan_of(codes[:-1]), self._appraiser.plan_of(codes)
        if before is None or after is None:
            return None
        old, new = _half(before), _half(after)
        changed = [
            (clock, *pair) for clock, pair in enumerate(zip(old.ends, new.ends, strict=True)) if pair[0] != pair[1]
        ]
        if any(was[1] != OPEN for _, was, _ in changed):
            return None
        closes = not new.open and all(ending != OPEN for _, ending in new.ends)
        return Step(old, new, tuple((clock, now[1]) for clock, _, now in changed), closes)


def _half(plan: Plan) -> Half:
    ends = tuple((-1 if course.end is None else course.end + 1, course.ending) for course in plan.courses)
    return Half(STATES.index(plan.state), plan.state in OPEN_STATES, ends)


def _move(cohort: dict[bytes, int], old: bytes, new: bytes) -> None:
    """Take one report out of its old signature and count it under the new one."""
    if old != new:
        left = cohort[old] - 1
        if left:
            cohort[old] = left
        else:
            del cohort[old]
        cohort[new] = cohort.get(new, 0) + 1
