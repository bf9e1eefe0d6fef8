"""One platform's desk in a ledger: its rule, its counters, its queue of deadlines, how far it has been decided."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

from streams.domain.cohorts.cohort import NamedCohort
from streams.domain.duration_bins import DAY, FOREVER_MS
from streams.domain.events import Filing, Heartbeat
from streams.domain.ledger import counters
from streams.domain.ledger.config import PlatformRule
from streams.domain.ledger.counters import CounterUpdates
from streams.domain.ledger.deadline_queue import Queue
from streams.domain.vocabulary import Reason

TOPICS: Final = ("report-filed", "action-taken")
"""The roles of the topics whose heartbeats count."""
_THROUGH: Final = {topic: counters.through(topic) for topic in TOPICS}
_SEQUENCE: Final = {topic: counters.sequence(topic) for topic in TOPICS}


def seen_through(promised: int, last_told: int, cadence: int) -> int:
    """Return up to when a platform counts as having told everything: by its own word, or two cadences before the last.

    By its word alone, whoever stops promising and goes on telling would be measured by what has ended: open reports
    that were filed since would be in no figure.
    """
    return max(promised, last_told - 2 * cadence)


class Desk:
    """What a ledger holds for one platform.

    `horizon` is the instant up to which deadlines have been decided, as of the ledger's time `now`; `last_told` when
    the platform last told us anything, `through` up to where both topics are complete by its own word; 0 before there
    is one. `limit` is the instant beyond which nothing is decided because the platform's topics have not been read that
    far, FOREVER_MS while they have been read as far as all others. `told` and `durations` collect deeds and the sums of
    their durations, to be added to the counters when they are read. `cohorts` are all of its cohorts by day and labels.
    `remembered` counts its reports, of which no further one may begin when they are `capacity`. `unsettled` are the
    reports with entries that are not in the books yet (of the class that `buffer` knows), `soonest` when something may
    first happen to one of them that is new; before the instant `wake` there is nothing to decide. `changed` tells whether the counters differ from what was last stored. `late`
    are the reasons of refusals that came later than their events.
    """

    __slots__ = (
        *("allowance", "capacity", "changed", "cohorts", "durations", "horizon", "last_told", "late", "limit"),
        *("name", "now", "queue", "remembered", "rule", "soonest", "tally", "through", "told", "unsettled", "wake"),
    )

    def __init__(self, name: str, rule: PlatformRule) -> None:
        self.name = name
        self.rule = rule
        self.queue = Queue()
        self.tally: defaultdict[str, int] = defaultdict(int)
        self.told: defaultdict[CounterUpdates, int] = defaultdict(int)
        self.durations: defaultdict[CounterUpdates, int] = defaultdict(int)
        self.capacity = rule.capacity
        self.allowance = rule.allowance_s
        self.horizon = self.last_told = self.now = self.remembered = self.through = 0
        self.cohorts: dict[int, dict[str, NamedCohort]] = {}
        self.unsettled: dict[bytes, Any] = {}
        self.soonest = self.wake = self.limit = FOREVER_MS
        self.changed = True
        self.late: list[Reason] = []

    def holds_labels(self, filed: Filing) -> bool:
        """Return whether a filing has a cohort, or may begin one."""
        of_day = self.cohorts.get(filed.at // DAY)
        return not of_day or filed.attributes in of_day or len(of_day) < self.rule.labels_of_a_day

    def count(self, name: str, by: int = 1) -> None:
        """Add to a counter."""
        self.tally[name] += by

    def refuse_later(self, reason: Reason, times: int) -> None:
        """Count refusals of events that had been accepted."""
        for _ in range(times):
            self.count(counters.refused(reason))
            self.late.append(reason)

    def drop(self, filed: int) -> None:
        """Take note that a report filed at that instant is no longer known."""
        tally = self.tally
        tally[counters.DROPPED_FROM] = min(tally.get(counters.DROPPED_FROM, filed), filed)
        tally[counters.DROPPED_THROUGH] = max(tally.get(counters.DROPPED_THROUGH, filed), filed)

    def may_have_known(self, filed: int) -> bool:
        """Return whether a report filed at that instant may have been counted and dropped since."""
        tally = self.tally
        return tally.get(counters.DROPPED_FROM, FOREVER_MS) <= filed <= tally.get(counters.DROPPED_THROUGH, 0)

    def counters(self) -> dict[str, int]:
        """Return everything that is stored of the desk, by the names of `counters`."""
        self._add_up()
        beside = {
            counters.HORIZON: self.horizon,
            counters.LAST_TOLD: self.last_told,
            counters.REMEMBERED: self.remembered,
        }
        return {**self.tally, **{name: number for name, number in beside.items() if number}}

    def restore(self, stored: Mapping[str, int]) -> None:
        """Take back what `counters` returned."""
        self.tally.update(stored)
        self.horizon = self.tally.pop(counters.HORIZON, 0)
        self.last_told = self.tally.pop(counters.LAST_TOLD, 0)
        self.remembered = self.tally.pop(counters.REMEMBERED, 0)
        self._promise()

    def beat(self, beat: Heartbeat) -> None:
        """Count a heartbeat and note what it promises."""
        self.count(counters.HEARTBEATS)
        for topic in (beat.topic,) if beat.topic else TOPICS:
            self._raise(_THROUGH[topic], beat.complete_through)
            last = self.tally.get(_SEQUENCE[topic], beat.sequence - 1)
            if beat.sequence > last + 1:
                self.count(counters.SEQUENCE_GAPS, beat.sequence - last - 1)
            self._raise(_SEQUENCE[topic], beat.sequence)
        self._promise()

    def ahead(self, now: int) -> int:
        """Return how far `now` lets the horizon go: docs/definitions.md §6."""
        return max(self.horizon, min(now, max(self.through, now - 2 * self.rule.cadence)))

    def rest(self) -> None:
        """Sleep until something can be decided."""
        wake = self.next_decision()
        self.wake = wake if wake <= self.limit else FOREVER_MS

    def next_decision(self) -> int:
        """Return the instant at which something can be decided next, whatever the limit is.

        What was due before the horizon comes up when that moves.
        """
        head = max(min(self.queue.head, self.soonest), self.horizon)
        return head if self.through >= head else head + 2 * self.rule.cadence

    def _add_up(self) -> None:
        for told, times in self.told.items():
            for name in told.once:
                self.tally[name] += times
            for name in told.sums.values():
                self.tally[name] += self.durations[told]
        self.told.clear()
        self.durations.clear()

    def _raise(self, name: str, value: int) -> None:
        """Move an instant forward; an earlier one changes nothing."""
        if value > self.tally.get(name, -1):
            self.tally[name] = value

    def _promise(self) -> None:
        self.through = min([self.tally.get(name, 0) for name in _THROUGH.values()])
