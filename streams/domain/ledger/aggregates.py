"""Two sets of books: cohorts say what is declared now, counters what was counted as it happened."""

from collections.abc import Iterator

from streams.domain.clocks.endings import PENDING, STOPPED
from streams.domain.cohorts.cohort import NamedCohort, Stored, cohort_name
from streams.domain.cohorts.rows import CohortRows
from streams.domain.duration_bins import DAY
from streams.domain.labels import SOFTENED
from streams.domain.ledger import counters
from streams.domain.ledger.platform_state import Desk
from streams.domain.ledger.report_updates import Notices
from streams.domain.reports.evaluation import Appraisal
from streams.domain.reports.measurement import Measured, Timed


class Books:
    """The cohorts of a ledger, and the posting of every change to them and to the counters.

    `touched` collects the cohorts that changed since their rows were last taken, `divided` what changed in those that are
    stored in parts (`cohort_rows`), `notices` what is told of single reports.
    """

    def __init__(self, notices: Notices) -> None:
        self.notices = notices
        self.cohorts: dict[str, Stored] = {}
        self.touched: set[str] = set()
        self._rows = CohortRows()
        self.divided = self._rows.divided

    def take_touched(self) -> list[str]:
        """Return and forget the names of the cohorts that changed; their `rows` must then be taken."""
        names = list(self.touched)
        self.touched.clear()
        return names

    def rows(self, name: str) -> Iterator[tuple[str, Stored | None]]:
        """Yield the rows of a cohort that changed, by their names; None for one that is gone."""
        return self._rows.changed(name, self.cohorts[name])

    def cohort(self, desk: Desk, day: int, labels: str) -> NamedCohort:
        """Return the cohort of a platform's reports filed on a day with these labels; it begins if there is none."""
        of_day = desk.cohorts.get(day)
        if of_day is None:
            of_day = desk.cohorts[day] = {}
        named = of_day.get(labels)
        if named is None:
            name = cohort_name(desk.name, day, labels)
            named = of_day[labels] = (name, self.cohorts.setdefault(name, {}))
        return named

    def load_row(self, name: str, row: Stored) -> None:
        """Take back a row that `rows` gave."""
        self.cohorts.setdefault(self._rows.loaded(name), {}).update(row)

    def post(self, desk: Desk, key: bytes, before: Appraisal, after: Appraisal) -> None:
        """Take a report out as it was and enter it as it is."""
        if self.notices.wanted:
            self.notices.changed(key, before, after)
        old, new = before.measured, after.measured
        if old is not None and new is not None:
            self._amend(desk, old, new)
        elif new is not None:
            desk.count(counters.FILED)
            self._enter(desk, new)
        elif old is not None:
            desk.count(counters.UNFILED)
            self._strike(desk, old)
        if before[1:] != after[1:]:
            _remark(desk, before, after)

    def _amend(self, desk: Desk, old: Measured, new: Measured) -> None:
        if old.cohort != new.cohort:
            self._strike(desk, old)
            self._enter(desk, new)
            return
        if old.signature != new.signature:
            self._add(new.cohort, old.signature, -1)
            self._add(new.cohort, new.signature, 1)
        self._add(new.cohort, SOFTENED, new.softened - old.softened)
        for place, (was, now) in enumerate(zip(old.clocks, new.clocks, strict=True)):
            if was is not now and was[1:] != now[1:]:
                self._change(desk, new, place, was, now)

    def _enter(self, desk: Desk, measured: Measured) -> None:
        self.cohort(desk, measured.filed.at // DAY, measured.filed.labels)
        self._add(measured.cohort, measured.signature, 1)
        self._add(measured.cohort, SOFTENED, int(measured.softened))
        for place, clock in enumerate(measured.clocks):
            self._change(desk, measured, place, None, clock)

    def _strike(self, desk: Desk, measured: Measured) -> None:
        self._add(measured.cohort, measured.signature, -1)
        self._add(measured.cohort, SOFTENED, -int(measured.softened))
        for place, clock in enumerate(measured.clocks):
            self._change(desk, measured, place, clock, None)

    def _add(self, name: str, stored: bytes, amount: int) -> None:
        """Add to what a cohort stores, and let its row be written: the only way in which `post` changes a cohort."""
        if not amount:
            return
        cohort = self.cohorts[name]
        total = cohort.get(stored, 0) + amount
        if total:
            cohort[stored] = total
        else:
            del cohort[stored]
        self.touched.add(name)
        if name in self.divided:
            self.divided[name].add(stored)

    def _change(self, desk: Desk, measured: Measured, place: int, was: Timed | None, now: Timed | None) -> None:
        """Post what the clock at a place of the report's regime says now beside what it said."""
        stopped, key = (_duration(was), _duration(now)), measured.regime.clocks[place].key
        if stopped[0] != stopped[1]:
            total = measured.regime.marks[place]
            for duration, sign in zip(stopped, (-1, 1), strict=True):
                if duration is not None:
                    self._add(measured.cohort, total, sign * duration)
                    _tell(desk, counters.stopped(key, duration), 1, sign)
                    _tell(desk, counters.stopped_ms(key), duration, sign)
                    if duration == 0:
                        _tell(desk, counters.INSTANT, 1, sign)
        _idled(desk, key, was, now)
        if _verdict(was) != _verdict(now):
            for clock, sign in ((was, -1), (now, 1)):
                if clock is not None and clock.verdict != PENDING:
                    _tell(desk, counters.verdict(key, clock.verdict, late=clock.late), 1, sign)


def _duration(clock: Timed | None) -> int | None:
    return clock.duration if clock is not None and clock.ending == STOPPED else None


def _idled(desk: Desk, key: str, was: Timed | None, now: Timed | None) -> None:
    """Count the time that did not count while a clock was paused."""
    before, after = (0 if clock is None else clock.paused for clock in (was, now))
    if before != after:
        _tell(desk, counters.paused_ms(key), before, -1)
        _tell(desk, counters.paused_ms(key), after, 1)


def _verdict(clock: Timed | None) -> tuple[int, bool] | None:
    return None if clock is None or clock.verdict == PENDING else (clock.verdict, clock.late)


def _tell(desk: Desk, name: str, amount: int, sign: int) -> None:
    if amount:
        desk.count(name if sign > 0 else counters.corrected(name), amount)


def _remark(desk: Desk, before: Appraisal, after: Appraisal) -> None:
    """Count what is remarkable about a row, as it is found."""
    for name, was, now in (
        (counters.TESTS, before.tests, after.tests),
        (counters.CONFLICTS, before.conflicts, after.conflicts),
        (counters.SKEWED, before.skewed, after.skewed),
    ):
        if now > was:
            desk.count(name, now - was)
    if after.waiting != before.waiting:
        desk.count(counters.WAITING, after.waiting - before.waiting)
