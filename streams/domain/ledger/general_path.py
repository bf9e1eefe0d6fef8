"""The long way: read a report as it was and as it is with one more event, and post the difference.

It takes every event and says what is right; the short way (`settling`) is for plain reports.
"""

from collections.abc import Callable

from streams.domain.duration_bins import FOREVER_MS
from streams.domain.events import FILING, TEST_FILING, AboutReport, Action, Filing
from streams.domain.ledger import counters
from streams.domain.ledger.aggregates import Books
from streams.domain.ledger.counters import ENTRY_COUNTERS
from streams.domain.ledger.platform_state import Desk
from streams.domain.ledger.report_store import Shelf
from streams.domain.ledger.scheduler import Agenda
from streams.domain.reports.entry_limit import is_repeat, within_limit
from streams.domain.reports.evaluation import NOTHING, Appraisal, Appraiser
from streams.domain.reports.row import HISTORY, Entry, Row, UnpackedReport, entry_of, insert
from streams.domain.vocabulary import Reason


class AtLength:
    """Takes events whose reports are not plain, or would not be with them.

    `belongs` tells whether a key lies on this partition: asked for the first event of every report.
    At most `waiting` reports of a platform may wait for their filing.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the parts of a ledger
        self,
        shelf: Shelf,
        appraiser: Appraiser,
        books: Books,
        agenda: Agenda,
        belongs: Callable[[bytes], bool],
        waiting: int,
    ) -> None:
        self._shelf = shelf
        self._appraiser = appraiser
        self._books = books
        self._agenda = agenda
        self._buffer = agenda.buffer
        self._belongs = belongs
        self._waiting = waiting

    def apply(self, desk: Desk, event: AboutReport) -> Reason | None:
        """Take one event; return why it is refused, None when it counts."""
        self._buffer.settle_one(desk, event.key, desk.horizon)
        found = self._shelf.find(event.key)
        if isinstance(event, Filing) and event.history and self._is_second(desk, event, found):
            reason: Reason | None = Reason.TOO_OLD
        else:
            reason = self._begin(desk, event) if found is None else self._go_on(desk, event, found)
        if reason is not None:
            desk.count(counters.refused(reason))
        return reason

    def _is_second(self, desk: Desk, filed: Filing, found: bytes | UnpackedReport | None) -> bool:
        """Return whether a filing of history may be one that was counted before its report was forgotten."""
        if not desk.may_have_known(filed.at):
            return False
        entries = () if found is None else self._shelf.report(desk, found).entries
        return all(entry.code > TEST_FILING for entry in entries)

    def _begin(self, desk: Desk, event: AboutReport) -> Reason | None:
        if not self._belongs(event.key):
            return Reason.WRONG_PARTITION
        if desk.remembered >= desk.capacity or (isinstance(event, Filing) and not desk.holds_labels(event)):
            return Reason.OVER_CAPACITY
        if not isinstance(event, Filing):
            if desk.tally.get(counters.WAITING, 0) >= self._waiting:
                return Reason.ORPHAN
            if isinstance(event, Action):
                self._wait(desk, event)
                return None
        entry = entry_of(event)
        _count(desk, entry)
        desk.remembered += 1
        self._post(desk, event.key, NOTHING, Row(desk.allowance, [entry]))
        return None

    def _wait(self, desk: Desk, orphan: Action) -> None:
        """Keep an action until its filing comes, or the memory ends."""
        entry = entry_of(orphan)
        _count(desk, entry)
        desk.count(counters.WAITING)
        desk.remembered += 1
        report = UnpackedReport(desk.allowance, [entry])
        self._shelf.put(orphan.key, report)
        self._agenda.remember(desk, orphan.key, report)

    def _go_on(self, desk: Desk, event: AboutReport, found: bytes | UnpackedReport) -> Reason | None:
        """Read a report as it was and as it is with one more entry, and post the difference."""
        if isinstance(event, Filing) and not desk.holds_labels(event):
            return Reason.OVER_CAPACITY
        report = self._shelf.report(desk, found)
        if isinstance(event, Filing) and self._buffer.join(desk, report, event):
            return None
        old = report.row
        entry = entry_of(event)
        longer = insert(old.entries, entry)
        if longer is None:
            desk.count(counters.DUPLICATES)
            return None
        entries, excess = within_limit(longer)
        reason = None if excess is None else _fold(desk, excess)
        if reason is not None and excess is entry:
            return reason
        _count(desk, entry if len(longer) > len(old.entries) else None)
        if excess is entry:
            return None
        desk.refuse_later(Reason.TOO_MANY, int(reason is not None))
        before = self._appraiser.appraise(desk.name, old, desk.horizon)
        known = self._agenda.due(desk, report, before)
        after = self._post(desk, event.key, before, Row(old.allowance, entries), known)
        return _objection(desk, event, before, after)

    def _post(self, desk: Desk, key: bytes, before: Appraisal, row: Row, known: int = FOREVER_MS) -> Appraisal:
        """Post what a report has become and return it; `known` is when it comes up already."""
        after = self._appraiser.appraise(desk.name, row, desk.horizon)
        self._books.post(desk, key, before, after)
        report = self._shelf.from_row(desk, row)
        self._shelf.put(key, report)
        self._buffer.moved(key)
        soonest = self._agenda.due(desk, report, after)
        if soonest < known:
            self._agenda.push(desk, key, soonest)
        return after


def _count(desk: Desk, entry: Entry | None) -> None:
    """Count an event that is new to its report; None is one that is known."""
    if entry is None:
        desk.count(counters.DUPLICATES)
    elif entry.code in ENTRY_COUNTERS:
        desk.count(ENTRY_COUNTERS[entry.code])
    elif entry.code == FILING and entry.delay >= HISTORY:
        desk.count(counters.HISTORY)


def _fold(desk: Desk, entry: Entry) -> Reason | None:
    """Count an event that its report does not keep; return why it is refused, None for one that changes nothing."""
    if not is_repeat(entry):
        return Reason.TOO_MANY
    desk.count(counters.FOLDED)
    return None


def _objection(desk: Desk, event: AboutReport, before: Appraisal, after: Appraisal) -> Reason | None:
    """Return why the newest event is refused; what it makes of earlier ones is told by `Ledger.take_refusals`."""
    bad_times = after.bad_times - before.bad_times
    reason = None
    if after.conflicts > before.conflicts:
        reason = Reason.CONFLICT
    elif bad_times > 0 and isinstance(event, Action):
        reason, bad_times = Reason.BAD_TIME, bad_times - 1
    desk.refuse_later(Reason.BAD_TIME, bad_times)
    return reason
