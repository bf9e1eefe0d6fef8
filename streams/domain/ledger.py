"""The ledger of one partition: a fold over facts, without clock, input or output.

`apply` takes one fact and `advance` moves time. Rows are kept packed, as they are stored, since closed reports are
remembered for months; only open ones are at hand, up to a limit. The packing is given from outside. See
docs/ledger.md for what every rule means.
"""

from collections.abc import Callable, Iterator, Mapping

from streams.domain import agenda, counters
from streams.domain.appraise import NOTHING, Appraisal, Appraiser
from streams.domain.books import Books
from streams.domain.cohort import CohortKey, Signature, key_of, signatures
from streams.domain.course import OPEN
from streams.domain.deadlines import NEVER
from streams.domain.desk import Desk, PlatformRule
from streams.domain.events import Action, Amendment, Event, Filing, Heartbeat, Retraction
from streams.domain.express import Express, Report
from streams.domain.measure import seal
from streams.domain.paths import Path
from streams.domain.report import CAP, Entry, Row, entry_of, insert
from streams.domain.rules import ORPHANS_PER_PLATFORM, Codec, Rules
from streams.domain.shelf import Shelf
from streams.domain.states import OPEN_STATES
from streams.domain.vocabulary import Reason

AboutReport = Filing | Action | Amendment | Retraction


class Ledger:
    """What one partition knows; see `Rules` and `Codec` for what it is made of.

    `belongs` tells whether a key lies on this partition: asked for orphans, since a record sent to a wrong partition
    never meets its report.
    """

    def __init__(self, rules: Rules, codec: Codec, belongs: Callable[[bytes], bool] = lambda _: True) -> None:
        self._rules = rules
        self._codec = codec
        self._belongs = belongs
        self._desks: dict[str, Desk] = {}
        self._books = Books(rules.clocks)
        self._appraiser = Appraiser(rules.clocks)
        self._express = Express(rules.clocks, self._appraiser, self._books)
        self._first = min([clock.limit or NEVER for clock in rules.clocks], default=NEVER)
        self._first = min(self._first, rules.sealed)
        self._settled: dict[bytes, int] = {}
        self._shelf = Shelf(codec, self._express)
        self._counted: set[str] = set()
        self._refusals: list[tuple[Reason, str]] = []
        self._now = 0
        self.next_due = NEVER

    @property
    def now(self) -> int:
        """The instant to which the ledger has been advanced."""
        return self._now

    @property
    def reports(self) -> int:
        """How many reports are remembered, waiting orphans among them."""
        return len(self._shelf)

    def apply(self, event: Event) -> Reason | None:
        """Take one fact; return why it is refused, or None when it counts (a duplicate counts as such)."""
        desk = self._desk(event.platform)
        if event.told > desk.last_told:  # noqa: PLR1730 - half the time of max, here and below: once an event
            desk.last_told = event.told
        if isinstance(event, Heartbeat):
            desk.beat(event)
            self._decide(desk)
            self._schedule()
            return None
        found = self._shelf.find(event.key)
        reason = self._begin(desk, event) if found is None else self._go_on(desk, event, found)
        if reason is not None:
            desk.count(counters.refused(reason))
        return reason

    def refuse(self, platform: str, reason: Reason) -> None:
        """Count a refusal that was decided before the ledger."""
        self._desk(platform).count(counters.refused(reason))

    def advance(self, now: int) -> None:
        """Move time to `now`: decide deadlines, forget, refuse what waited too long. Time never goes back."""
        self._now = max(self._now, now)
        for desk in self._desks.values():
            if self._now > desk.horizon:
                self._decide(desk)
        self._schedule()

    def _desk(self, platform: str) -> Desk:
        desk = self._desks.get(platform)
        if desk is None:
            rule = self._rules.platforms.get(platform, PlatformRule())
            desk = self._desks[platform] = Desk(platform, rule, self._rules.clocks)
        self._counted.add(platform)
        return desk

    def _begin(self, desk: Desk, event: AboutReport) -> Reason | None:
        if isinstance(event, Filing):
            report = self._express.file(desk, event)
            if report is not None:
                self._shelf.put(event.key, report)
                self._push(desk, event.key, event.at + self._first)
                return None
        elif not self._belongs(event.key):
            return Reason.WRONG_PARTITION
        elif desk.tally.get(counters.WAITING, 0) >= ORPHANS_PER_PLATFORM:
            return Reason.ORPHAN
        report = self._express.read(desk, (desk.allowance, [entry_of(event)]))
        self._count(desk, event)
        self._shelf.put(event.key, report)
        if isinstance(event, Action):
            desk.count(counters.WAITING)
            self._push(desk, event.key, event.told + self._rules.memory)
        else:
            after = self._appraiser.appraise(desk, report.row, desk.horizon)
            self._books.post(desk, NOTHING, after)
            self._push(desk, event.key, self._due(desk, report, after))
        return None

    def _go_on(self, desk: Desk, event: AboutReport, found: bytes | Report) -> Reason | None:
        report = self._shelf.report(desk, found)
        before = report.path
        if before is not None and isinstance(event, (Action, Amendment)) and self._express.append(desk, report, event):
            self._shelf.put(event.key, report)
            if before.open and not (report.path is None or report.path.open):
                self._follow(desk, event, before, report)
            return None
        entries = insert(report.entries, entry_of(event))
        if before is None and isinstance(event, Filing) and entries is not None:
            filed = self._express.read(desk, (report.allowance, entries))
            if self._express.join(desk, filed):
                self._shelf.put(event.key, filed)
                self._push(desk, event.key, agenda.due_plain(self._rules, filed, desk.horizon))
                return None
        return self._revise(desk, event, report.row, entries)

    def _revise(self, desk: Desk, event: AboutReport, old: Row, entries: list[Entry] | None) -> Reason | None:
        """Read a report as it was and as it is with one more entry, and post the difference."""
        if entries is None or len(entries) == len(old[1]):
            desk.count(counters.DUPLICATES)
        if entries is None:
            return None
        if len(entries) > CAP:
            return Reason.TOO_MANY
        report = self._express.read(desk, (old[0], entries))
        before = self._appraiser.appraise(desk, old, desk.horizon)
        after = self._appraiser.appraise(desk, report.row, desk.horizon)
        if len(entries) > len(old[1]):
            self._count(desk, event)
        self._books.post(desk, before, after)
        self._settled.pop(event.key, None)
        self._shelf.put(event.key, report)
        due = self._due(desk, report, after)
        if due < agenda.due(self._rules, old, before):
            self._push(desk, event.key, due)
        return self._objection(desk, event, before, after)

    def _follow(self, desk: Desk, event: AboutReport, before: Path, report: Report) -> None:
        """See to when a plain report comes up that has ended: nothing else can make it come up earlier than before.

        One that ends before its limit comes up there, and need not be read then: it is only to be forgotten.
        """
        path, filed, rules = report.path, report.entries[0], self._rules
        assert path is not None
        forgotten = max(event.told + rules.memory, filed.at + rules.too_old)
        if before.limits and filed.at + before.limits[-1] > desk.horizon:
            if path.settled:
                self._settled[event.key] = forgotten
        elif filed.told + rules.memory <= desk.horizon and forgotten < filed.at + rules.sealed:
            self._push(desk, event.key, forgotten)

    def _objection(self, desk: Desk, event: AboutReport, before: Appraisal, after: Appraisal) -> Reason | None:
        """Return why the newest event is refused; what it makes of earlier ones is told by `take_refusals`."""
        bad_times = after.bad_times - before.bad_times
        reason = None
        if after.conflicts > before.conflicts:
            reason = Reason.CONFLICT
        elif bad_times > 0 and isinstance(event, Action):
            reason, bad_times = Reason.BAD_TIME, bad_times - 1
        self._refuse_later(desk, Reason.BAD_TIME, bad_times)
        return reason

    def _refuse_later(self, desk: Desk, reason: Reason, times: int) -> None:
        for _ in range(times):
            desk.count(counters.refused(reason))
            self._refusals.append((reason, desk.name))

    def _count(self, desk: Desk, event: AboutReport) -> None:
        """Count an event that is news."""
        if isinstance(event, Action):
            desk.count(counters.deed(event.deed.outcome))
        elif isinstance(event, Amendment):
            desk.count(counters.AMENDED)
        elif isinstance(event, Retraction):
            desk.count(counters.RETRACTED)

    def _due(self, desk: Desk, report: Report, appraisal: Appraisal) -> int:
        if report.path is not None:
            return agenda.due_plain(self._rules, report, desk.horizon)
        return agenda.due(self._rules, report.row, appraisal)

    def _push(self, desk: Desk, key: bytes, due: int) -> None:
        desk.queue.push(due, key, desk.horizon)
        if due < self.next_due:  # noqa: PLR1730
            self.next_due = due

    def _decide(self, desk: Desk) -> None:
        """Move a platform's horizon and decide what has come up."""
        before = desk.horizon
        if desk.look_ahead(self._now) > before:
            self._counted.add(desk.name)
            if desk.queue.head <= desk.horizon:
                for key in dict.fromkeys(desk.queue.pop(desk.horizon)):  # a key may wait twice; it is posted once
                    self._come_up(desk, key, before)

    def _come_up(self, desk: Desk, key: bytes, horizon: int) -> None:
        due = self._settled.pop(key, NEVER)
        if desk.horizon < due < NEVER:
            self._push(desk, key, due)
            return
        found = self._shelf.find(key)
        if found is None:
            return
        report = self._shelf.report(desk, found)
        due = 0 if report.path is None else agenda.due_plain(self._rules, report, desk.horizon)
        if due > desk.horizon:
            self._express.miss(desk, report, horizon)
            self._push(desk, key, due)
        elif report.path is not None and report.path.settled:
            self._forget(desk, key)
        else:
            self._reconsider(desk, key, report.row, horizon)

    def _reconsider(self, desk: Desk, key: bytes, row: Row, horizon: int) -> None:
        """Read a report as it was at `horizon` and as it is, and post the difference."""
        after = self._appraiser.appraise(desk, row, desk.horizon)
        before = self._appraiser.appraise(desk, row, horizon) if _may_have_changed(after) else after
        due = agenda.due(self._rules, row, after)
        if due > desk.horizon:
            self._books.post(desk, before, after)
            self._push(desk, key, due)
        else:
            self._drop(desk, key, before, after)

    def _drop(self, desk: Desk, key: bytes, before: Appraisal, after: Appraisal) -> None:
        """Let go of a row whose time has come; the cohort keeps what it counted."""
        if after.measured is None:
            self._books.post(desk, before, NOTHING)
            self._refuse_later(desk, Reason.ORPHAN, after.waiting)
        elif after.measured.state in OPEN_STATES:
            desk.count(counters.SEALED)
            self._books.post(desk, before, Appraisal(seal(after.measured, self._rules.sealed)))
        else:
            self._books.post(desk, before, after)
            self._forget(desk, key)
            return
        self._shelf.drop(key)

    def _forget(self, desk: Desk, key: bytes) -> None:
        desk.count(counters.FORGOTTEN)
        self._shelf.drop(key)

    def _schedule(self) -> None:
        self.next_due = min([desk.wakes() for desk in self._desks.values()], default=NEVER)

    def complete_through(self, platform: str) -> int:
        """Return up to when a platform has told everything by its own word; 0 before it has said so."""
        return self._desks[platform].through if platform in self._desks else 0

    def take_refusals(self) -> list[tuple[Reason, str]]:
        """Return and forget the refusals that came later than their events, with their platforms."""
        refusals, self._refusals = self._refusals, []
        return refusals

    def take_changes(self) -> dict[bytes, bytes | None]:
        """Return the stored rows that changed since the last call, None for one that is gone.

        Keys: `r|<key>` reports, `c|<platform>|<day>|<attributes>` cohorts, `n|<platform>` counters.
        """
        changes = self._shelf.take_changes()
        for name in self._books.touched:
            cohort = self._books.cohorts[name]
            changes[b"c|" + name.encode()] = self._codec.pack(cohort) if cohort else None
        for name in self._counted:
            changes[b"n|" + name.encode()] = self._codec.pack(self._desks[name].counters())
        self._books.touched.clear()
        self._counted.clear()
        return changes

    def load(self, key: bytes, value: bytes) -> None:
        """Take back one stored row; call `ready` after the last."""
        kind, name = key[:2], key[2:]
        if kind == b"r|":
            self._shelf.load(name, value)
        elif kind == b"c|":
            self._books.cohorts[name.decode()] = self._codec.unpack_cohort(value)
        elif kind == b"n|":
            self._desk(name.decode()).restore(self._codec.unpack_counters(value))

    def ready(self) -> None:
        """Put every restored report back into its queue."""
        for key, stored in self._shelf.stored():
            desk = self._desk(key.split(b"|", 1)[0].decode())
            report = self._shelf.report(desk, stored)
            if report.path is not None:
                due = agenda.due_plain(self._rules, report, desk.horizon)
            else:
                due = agenda.due(self._rules, report.row, self._appraiser.appraise(desk, report.row, desk.horizon))
            self._push(desk, key, due)
        self._counted.clear()

    def stored_cohorts(self) -> Mapping[str, Mapping[bytes, int]]:
        """Return the cohorts as they are stored; to be read at once and not kept."""
        return self._books.cohorts

    def cohorts(self) -> Iterator[tuple[CohortKey, dict[Signature, int]]]:
        """Yield every cohort that holds a report, spelled out."""
        for name, cohort in self._books.cohorts.items():
            if cohort:
                yield key_of(name), dict(signatures(cohort))

    def counters(self) -> dict[str, dict[str, int]]:
        """Return a copy of every platform's counters; names are those of `counters`."""
        return {name: desk.counters() for name, desk in self._desks.items()}


def _may_have_changed(appraisal: Appraisal) -> bool:
    """Return whether a later horizon can change what a row says: only a clock that still runs can miss its limit."""
    return appraisal.measured is not None and any(clock.ending == OPEN for clock in appraisal.measured.clocks)
