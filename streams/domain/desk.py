"""One platform's desk in a ledger: its rule, its counters, its queue of deadlines, how far it has been decided."""

from typing import Final, NamedTuple

from streams.domain import counters
from streams.domain.attributes import decode
from streams.domain.clocks import Clock
from streams.domain.deadlines import Queue
from streams.domain.grid import MINUTE, SECOND

_AT_LEAST: Final = 15 * MINUTE
"""A filing told within this time is always in time: no publisher is faster than its outbox."""

TOPICS: Final = ("report-filed", "action-taken")
"""The roles of the topics whose heartbeats count."""


class PlatformRule(NamedTuple):
    """What the registry says of a platform: how often, in milliseconds, it promises to have told everything."""

    cadence: int = 5 * MINUTE


class Desk:
    """What a ledger holds for one platform."""

    __slots__ = ("_all_run", "_clocks", "_scopes", "allowance", "name", "queue", "rule", "tally")

    def __init__(self, name: str, rule: PlatformRule, clocks: tuple[Clock, ...]) -> None:
        self.name = name
        self.rule = rule
        self.queue = Queue()
        self.tally: dict[str, int] = {}
        self.allowance = max(_AT_LEAST, rule.cadence) // SECOND
        self._clocks = clocks
        self._scopes: dict[str, tuple[Clock | None, ...]] = {}
        self._all_run: dict[str, bool] = {}

    @property
    def horizon(self) -> int:
        """The instant up to which deadlines have been decided; it never goes back."""
        return self.tally.get(counters.HORIZON, 0)

    def count(self, name: str, by: int = 1) -> None:
        """Add to a counter."""
        self.tally[name] = self.tally.get(name, 0) + by

    def raise_to(self, name: str, value: int) -> None:
        """Move an instant forward; an earlier one changes nothing."""
        if value > self.tally.get(name, -1):
            self.tally[name] = value

    def through(self) -> int:
        """Return up to where both topics are complete by the platform's own word; 0 before it has said so."""
        return min(self.tally.get(counters.through(topic), 0) for topic in TOPICS)

    def look_ahead(self, now: int) -> int:
        """Move the horizon as far as `now` allows and return it: docs/ledger.md §6."""
        self.raise_to(counters.HORIZON, min(now, max(self.through(), now - 2 * self.rule.cadence)))
        return self.horizon

    def clocks(self, labels: str) -> tuple[Clock | None, ...]:
        """Return the clocks that run on reports with these labels, None in the place of one that does not."""
        known = self._scopes.get(labels)
        if known is None:
            attributes = decode(labels)
            known = tuple(clock if clock.scope.holds(attributes) else None for clock in self._clocks)
            self._scopes[labels] = known
        return known

    def all_clocks_run(self, labels: str) -> bool:
        """Return whether every clock runs on reports with these labels."""
        known = self._all_run.get(labels)
        if known is None:
            known = self._all_run[labels] = None not in self.clocks(labels)
        return known
