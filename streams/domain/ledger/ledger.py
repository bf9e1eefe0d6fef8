"""The ledger of one partition: a fold over facts, without clock, input or output.

`apply` takes one fact and `advance` moves time. Rows are kept packed, as they are stored, since closed reports are
remembered for months; only open ones are at hand, up to a limit. The packing is given from outside. See
docs/definitions.md for what every rule means.
"""

from collections.abc import Callable, Collection, Mapping

from streams.domain.clocks.clock_history import Enrolled, enrol
from streams.domain.clocks.selection import Regimes
from streams.domain.cohorts.cohort import key_of
from streams.domain.duration_bins import FOREVER_MS
from streams.domain.events import Event, Heartbeat
from streams.domain.ledger import counters
from streams.domain.ledger.aggregates import Books
from streams.domain.ledger.config import RowCodec, Rules
from streams.domain.ledger.fast_path.settling import Settling
from streams.domain.ledger.general_path import AtLength
from streams.domain.ledger.platform_state import Desk, seen_through
from streams.domain.ledger.report_store import Kept, Shelf
from streams.domain.ledger.report_updates import Notice, Notices
from streams.domain.ledger.scheduler import Agenda
from streams.domain.reports.evaluation import Appraiser
from streams.domain.vocabulary import Reason


class Ledger:
    """What one partition knows; see `Rules` and `RowCodec` for what it is made of.

    `belongs` tells whether a key lies on this partition: asked for the first event of every report, so that a report is
    only ever on its own partition, and whatever lies on another one is refused. `quick` False takes every event the
    general way, which is slower and counts the same.
    """

    def __init__(
        self, rules: Rules, codec: RowCodec, belongs: Callable[[bytes], bool] = lambda _: True, *, quick: bool = True
    ) -> None:
        self._rules = rules
        self._codec = codec
        self._quick = quick
        self._desks: dict[str, Desk] = {}
        self._notices = Notices(wanted=rules.notices)
        self._books = Books(self._notices)
        self._regimes = Regimes(rules.clocks)
        self._roster: dict[str, Enrolled] = {}
        self._enrolled: dict[bytes, bytes] = {}
        appraiser = Appraiser(self._regimes)
        self._settling = Settling(self._regimes, self._books, belongs, quick=quick)
        self._faults: dict[str, Exception] = {}
        self._suspended: set[str] = set()
        self._shelf = Shelf(codec, self._settling.read, self._faults)
        self._agenda = Agenda(rules, self._shelf, self._settling, appraiser, self._books, self._faults)
        self._buffer = self._agenda.buffer
        self._at_length = AtLength(self._shelf, appraiser, self._books, self._agenda, belongs, rules.waiting)
        self._now = 0
        self._limits: Mapping[str, int] = {}

    @property
    def now(self) -> int:
        """The instant to which the ledger has been advanced."""
        return self._now

    @property
    def next_due(self) -> int:
        """The earliest instant at which `advance` may have something to do."""
        return self._agenda.next_due

    @property
    def reports(self) -> int:
        """How many reports are remembered, waiting orphans among them."""
        return len(self._shelf)

    def apply(self, event: Event) -> Reason | None:
        """Take one fact; return why it is refused, or None when it counts (a duplicate counts as such)."""
        desk = self._desks.get(event.platform) or self._open(event.platform)
        desk.changed = True
        if desk.now != self._now:
            self._agenda.catch_up(desk, self._now)
        if event.told > desk.last_told:  # noqa: PLR1730 - half the time of max: once an event
            desk.last_told = event.told
        if type(event) is Heartbeat:
            self._beat(desk, event)
            return None
        if self._quick and self._buffer.take(desk, event):
            return None
        reason = self._at_length.apply(desk, event)
        if self._shelf.is_crowded:
            self.prepare()
        return reason

    def refuse(self, platform: str, reason: Reason) -> None:
        """Count a refusal that was decided before the ledger."""
        desk = self._desks.get(platform) or self._open(platform)
        desk.changed = True
        desk.count(counters.refused(reason))

    def advance(self, now: int, most: int = FOREVER_MS) -> int:
        """Move time to `now`: decide deadlines, forget, refuse what waited too long. Time never goes back.

        Stop when, since changes were last taken, `most` reports have come up or somewhat more: those of a minute.
        Return how far time has moved; it moves on after changes were taken.
        """
        self._now = self._agenda.advance(self._desks.values(), self._now, max(self._now, now), most)
        return self._now

    def hold(self, limits: Mapping[str, int], most: int = FOREVER_MS) -> bool:
        """Decide what concerns the platforms in `limits` up to their instants and no further, all others as time goes.

        Their topics have been read only that far: what lies in the rest may have been in time. Stop when about `most`
        reports have come up since changes were last taken; return whether all platforms have got to their instants.
        """
        self._limits = dict(limits)
        reached = True
        for desk in self._desks.values():
            if desk.name in limits:
                reached = self._agenda.hold(desk, limits[desk.name], self._now, most) and reached
            elif desk.limit < FOREVER_MS:
                self._agenda.free(desk)
        return reached

    def _open(self, platform: str) -> Desk:
        rule = self._rules.platforms.get(platform, self._rules.others)
        desk = self._desks[platform] = Desk(platform, rule)
        desk.limit = self._limits.get(platform, FOREVER_MS)
        return desk

    def _beat(self, desk: Desk, beat: Heartbeat) -> None:
        through = desk.through
        desk.beat(beat)
        if desk.through > through:
            self._agenda.catch_up(desk, self._now)
            desk.rest()
            self._agenda.next_due = min(self._agenda.next_due, desk.wake)

    def seen_through(self, platform: str) -> int:
        """Return up to when a platform counts as having told everything; 0 for one that is not known."""
        desk = self._desks.get(platform)
        return 0 if desk is None else seen_through(desk.through, desk.last_told, desk.rule.cadence)

    def take_refusals(self) -> list[tuple[Reason, str]]:
        """Return and forget the refusals that came later than their events, with their platforms."""
        refusals = [(reason, desk.name) for desk in self._desks.values() for reason in desk.late]
        for desk in self._desks.values():
            desk.late.clear()
        return refusals

    def take_notices(self) -> list[Notice]:
        """Return and forget the notices about what has been posted; after `take_changes`, about everything."""
        return self._notices.take()

    def prepare(self) -> None:
        """Do now what `take_changes` would have to do for what has come in."""
        self._settle()
        self._shelf.prepare()

    def take_changes(self) -> dict[bytes, bytes | None]:
        """Return the stored rows that changed since the last call, None for one that is gone.

        Keys: `r|<key>` reports, `c|<platform>|<day>|<attributes>` cohorts, `c|<platform>|<day>/<bits>|<attributes>` parts
        of large ones, `n|<platform>` counters, `k|<id>@<version>` clocks.
        """
        self._settle()
        changes = self._shelf.take_changes()
        changes.update(self._enrolled)
        self._enrolled.clear()
        for name in self._books.take_touched():
            try:
                for row_name, row in self._books.rows(name):
                    changes[b"c|" + row_name.encode()] = None if row is None else self._codec.pack(row)
            except Exception as fault:  # noqa: BLE001 - it concerns the cohort's platform alone
                self._faults.setdefault(name.partition("|")[0], fault)
        for desk in self._desks.values():
            if desk.changed and desk.name not in self._suspended:
                try:
                    changes[b"n|" + desk.name.encode()] = self._codec.pack(desk.counters())
                except Exception as fault:  # noqa: BLE001 - it concerns this platform alone
                    self._faults.setdefault(desk.name, fault)
                desk.changed = False
        self._agenda.came_up = 0
        return changes

    def take_faults(self) -> dict[str, Exception]:
        """Return and forget the platforms of which something failed by a fault of ours, with the first such fault each.

        What the ledger holds of them is no longer right: they must be suspended before anything of them is stored.
        """
        faults = dict(self._faults)
        self._faults.clear()
        return faults

    def suspend(self, platforms: Collection[str]) -> None:
        """Let go of platforms: from now on nothing is decided about them, and no row of theirs changes."""
        self._suspended.update(platforms)
        for platform in platforms:
            self._desks.pop(platform, None)

    def load(self, reports: Kept, others: Mapping[bytes, bytes]) -> None:
        """Take back what was stored: reports by their keys without `r|`, which are not copied, and all other rows."""
        self._shelf.adopt(reports)
        for key, value in others.items():
            kind, name = key[:2], key[2:].decode()
            if kind == b"k|":
                self._roster[name] = self._codec.unpack_clock(value)
                continue
            try:
                if kind == b"c|":
                    self._books.load_row(name, self._codec.unpack_cohort(value))
                elif kind == b"n|":
                    self._open(name).restore(self._codec.unpack_counters(value))
            except Exception as fault:  # noqa: BLE001 - it concerns the row's platform alone
                self._faults.setdefault(name.partition("|")[0], fault)

    def ready(self, now: int = 0) -> None:
        """Enrol the pack's clocks beside those that were loaded before, and put restored reports back into their queues.

        `now` is the instant that the partition had reached. Raises ClockError for a pack that does not go with what
        is stored.
        """
        self._enrol(now)
        for desk in self._desks.values():
            desk.changed = False
        for name, cohort in self._books.cohorts.items():
            key = key_of(name)
            self._desks[key.platform].cohorts.setdefault(key.day, {})[key.attributes] = name, cohort
        self._agenda.recall(self._desks)

    def _enrol(self, now: int) -> None:
        told = max([now, *[desk.last_told for desk in self._desks.values()]])
        roster = enrol(self._rules.clocks, self._roster.values(), told)
        for key, each in roster.items():
            if self._roster.get(key) != each:
                self._enrolled[b"k|" + key.encode()] = self._codec.pack(each)
        self._roster = roster
        self._regimes.take([each.running for each in roster.values()])

    def _settle(self) -> None:
        """Post all that has come in."""
        for desk in self._desks.values():
            self._agenda.catch_up(desk, self._now)
            if desk.unsettled:
                self._buffer.settle_all(desk)

    def stored_cohorts(self) -> Mapping[str, Mapping[bytes, int]]:
        """Return the cohorts as they are stored; to be read at once and not kept."""
        self._settle()
        return self._books.cohorts

    def counters(self) -> dict[str, dict[str, int]]:
        """Return a copy of every platform's counters; names are those of `counters`."""
        self._settle()
        return {name: desk.counters() for name, desk in self._desks.items()}
