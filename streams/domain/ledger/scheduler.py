"""The agenda: what happens to reports by themselves. A limit passes, one is forgotten, or it is sealed."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Final

from streams.domain.clocks.endings import OPEN
from streams.domain.clocks.report_state import OPEN_STATES
from streams.domain.duration_bins import DAY, FOREVER_MS, MINUTE
from streams.domain.events import TEST_FILING
from streams.domain.ledger import counters
from streams.domain.ledger.aggregates import Books
from streams.domain.ledger.config import Rules
from streams.domain.ledger.due import begun_at, due_at_length, last_told
from streams.domain.ledger.fast_path.buffer import Buffer
from streams.domain.ledger.fast_path.settling import Settling
from streams.domain.ledger.platform_state import Desk
from streams.domain.ledger.report_store import Shelf
from streams.domain.reports.evaluation import NOTHING, Appraisal, Appraiser
from streams.domain.reports.measurement import seal
from streams.domain.reports.row import Entry, Row, UnpackedReport
from streams.domain.vocabulary import Reason

_STEP: Final = MINUTE
"""How far time moves at once while there is something to decide: what comes up within it is decided in one go."""


class Agenda:
    """Decides what comes up; nothing is decided about a report whose events wait in the `buffer`.

    `next_due` is the earliest instant at which there may be something to decide, `came_up` how many reports have come
    up since it was last set back. `faults` collects by platform what failed here by a fault of ours: what is in memory of
    such a platform is no longer right, and must not be stored.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the parts of a ledger
        self,
        rules: Rules,
        shelf: Shelf,
        settling: Settling,
        appraiser: Appraiser,
        books: Books,
        faults: dict[str, Exception],
    ) -> None:
        self.next_due = FOREVER_MS
        self.came_up = 0
        self._rules = rules
        self._shelf = shelf
        self.buffer = Buffer(rules, shelf, settling, faults, self.wake)
        self._appraiser = appraiser
        self._books = books
        self._faults = faults

    def push(self, desk: Desk, key: bytes, due: int) -> None:
        """Let a report come up at `due`."""
        desk.queue.push(due, key, desk.horizon)
        self.wake(desk, due)

    def wake(self, desk: Desk, due: int) -> None:
        """Look at a platform at `due`, if not before."""
        if due < desk.wake:
            desk.wake = due
            if due < self.next_due:  # noqa: PLR1730 - half the time of min
                self.next_due = due

    def advance(self, desks: Collection[Desk], before: int, now: int, most: int) -> int:
        """Decide what comes up from `before` to `now`, until about `most` reports have; return how far that is.

        A platform of which nothing has come up may catch up later.
        """
        while self.next_due <= now:
            if self.came_up >= most:
                return before
            before = min(now, max(before, self.next_due) + _STEP)
            for desk in desks:
                if desk.wake <= before:
                    self.catch_up(desk, before)
            self.next_due = min([desk.wake for desk in desks], default=FOREVER_MS)
            if before == now:
                break
        return now

    def catch_up(self, desk: Desk, now: int) -> None:
        """Move a platform's horizon as far as `now` allows and decide what has come up."""
        try:
            self._catch_up(desk, now)
        except Exception as fault:  # noqa: BLE001 - whatever it is, it concerns this platform alone
            self._faults.setdefault(desk.name, fault)
            desk.wake = FOREVER_MS

    def _catch_up(self, desk: Desk, now: int) -> None:
        before, ahead = desk.horizon, desk.ahead(now if now < desk.limit else desk.limit)  # noqa: FURB136 - as above
        desk.now = now
        if ahead > before:
            desk.changed = True
            if desk.soonest <= ahead:
                self.buffer.settle(desk, until=ahead)
            desk.horizon = ahead
            if desk.queue.head <= ahead:
                came_up = dict.fromkeys(desk.queue.pop(ahead))  # a key may wait twice; it is posted once
                self.came_up += len(came_up)
                for key in came_up:
                    self._come_up(desk, key, before)
        if desk.wake <= now:
            desk.rest()

    def hold(self, desk: Desk, limit: int, now: int, most: int) -> bool:
        """Let a platform be decided up to `limit` and no further; return whether it has got there.

        A platform that is held already goes on in steps, as time does, until about `most` reports have come up.
        """
        if desk.limit == FOREVER_MS:
            desk.limit = limit
        while desk.limit < limit and self.came_up < most:
            desk.limit = min(limit, max(desk.limit, desk.next_decision()) + _STEP)
            self.catch_up(desk, now)
        self.rest(desk)
        return desk.limit >= limit

    def free(self, desk: Desk) -> None:
        """Let a platform that was held go with the time of all."""
        desk.limit = FOREVER_MS
        self.rest(desk)

    def rest(self, desk: Desk) -> None:
        """Look at a platform when something can be decided next."""
        desk.rest()
        self.next_due = min(self.next_due, desk.wake)

    def remember(self, desk: Desk, key: bytes, report: UnpackedReport) -> None:
        """Let a report that only waits come up when its memory ends."""
        self.push(desk, key, last_told(report.entries) + self._rules.memory)

    def due(self, desk: Desk, report: UnpackedReport, appraisal: Appraisal | None = None) -> int:
        """Return when something next happens to a report, of which `appraisal` is known, if any is."""
        due = self.buffer.next_due(desk, report)
        if due is not None:
            return due
        known = appraisal or self._appraiser.appraise(desk.name, report.row, desk.horizon)
        return due_at_length(self._rules, report.row, known)

    def recall(self, desks: Mapping[str, Desk]) -> None:
        """Let restored reports come up: those that rest when they may be forgotten at the earliest, without being read."""
        by_key = {name.encode(): (desk, defaultdict[int, list[bytes]](list)) for name, desk in desks.items()}
        for key, rests, stored in self._shelf.stored():  # millions of them, most at rest
            desk, resting = by_key[key.partition(b"|")[0]]
            if rests:
                resting[rests].append(key)
                continue
            try:
                desk.queue.push(self._due_of(desk, self._shelf.row(stored)), key, desk.horizon)
            except Exception as fault:  # noqa: BLE001
                self._faults.setdefault(desk.name, fault)
        for desk, resting in by_key.values():
            for rests, keys in resting.items():
                desk.queue.push_all(rests * DAY + self._rules.memory, keys, desk.horizon)
            desk.rest()
        self.next_due = min([desk.wake for desk in desks.values()], default=FOREVER_MS)

    def _due_of(self, desk: Desk, row: Row) -> int:
        due = self.buffer.next_due_of(desk, row.entries)
        if due is not None:
            return due
        return due_at_length(self._rules, row, self._appraiser.appraise(desk.name, row, desk.horizon))

    def _come_up(self, desk: Desk, key: bytes, horizon: int) -> None:
        self.buffer.settle_one(desk, key, horizon)
        due = self.buffer.due_after_end(key)
        if desk.horizon < due < FOREVER_MS:
            self.push(desk, key, due)
            return
        found = self._shelf.find(key)
        if found is None:
            return
        report = self._shelf.report(desk, found)
        next_due = self.buffer.process_due(desk, key, report, horizon)
        if next_due is not None:
            self.push(desk, key, next_due)
        elif report.is_final:
            if not self._kept(desk, key, report.entries):
                self._forget(desk, key, report.entries)
        else:
            self._reconsider(desk, key, report.row, horizon)

    def _reconsider(self, desk: Desk, key: bytes, row: Row, horizon: int) -> None:
        """Read a report as it was at `horizon` and as it is, and post the difference."""
        after = self._appraiser.appraise(desk.name, row, desk.horizon)
        before = self._appraiser.appraise(desk.name, row, horizon) if _may_have_changed(after) else after
        next_due = due_at_length(self._rules, row, after)
        if next_due > desk.horizon:
            self._books.post(desk, key, before, after)
            self.push(desk, key, next_due)
        elif self._kept(desk, key, row.entries, _next_limit(after)):
            self._books.post(desk, key, before, after)
        else:
            self._drop(desk, key, row, before, after)

    def _kept(self, desk: Desk, key: bytes, entries: list[Entry], limit: int = FOREVER_MS) -> bool:
        """Return whether a report stays known since it lies in a span of history that is open.

        It then comes up when its next `limit` passes or the span closes.
        """
        if not desk.rule.held:
            return False
        until = desk.rule.kept_until(begun_at(entries))
        if until <= desk.horizon:
            return False
        if min(until, limit) < FOREVER_MS:
            self.push(desk, key, min(until, limit))
        return True

    def _drop(self, desk: Desk, key: bytes, row: Row, before: Appraisal, after: Appraisal) -> None:
        """Let go of a row whose time has come; the cohort keeps what it counted."""
        if after.measured is None:
            self._books.post(desk, key, before, NOTHING)
            desk.refuse_later(Reason.ORPHAN, after.waiting)
        elif after.measured.state in OPEN_STATES:
            desk.count(counters.SEALED)
            self._books.post(desk, key, before, Appraisal(seal(after.measured, self._rules.sealed)))
        else:
            self._books.post(desk, key, before, after)
            self._forget(desk, key, row.entries)
            return
        self._let_go(desk, key, row.entries)

    def _forget(self, desk: Desk, key: bytes, entries: list[Entry]) -> None:
        desk.count(counters.FORGOTTEN)
        self._let_go(desk, key, entries)

    def _let_go(self, desk: Desk, key: bytes, entries: list[Entry]) -> None:
        for entry in entries:
            if entry.code <= TEST_FILING:
                desk.drop(entry.at)
        desk.remembered -= 1
        self._shelf.drop(key)


def _next_limit(appraisal: Appraisal) -> int:
    """Return when a running clock of a report next passes its limit."""
    return (
        FOREVER_MS
        if appraisal.measured is None
        else min([clock.due for clock in appraisal.measured.clocks], default=FOREVER_MS)
    )


def _may_have_changed(appraisal: Appraisal) -> bool:
    """Return whether a later horizon can change what a row says: only a clock that still runs can miss its limit."""
    return appraisal.measured is not None and any(clock.ending == OPEN for clock in appraisal.measured.clocks)
